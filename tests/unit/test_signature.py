"""Parameters that a source states are read without running it; others are not guessed."""

from __future__ import annotations

import pytest

from perfkit.verify.signature import stated

PLAIN = b"def make_inputs(seed, n=3, *, rate: float = -0.5, kind='a'): ...\n"


def test_literal_defaults_and_overrides_are_read() -> None:
    assert stated(PLAIN, {}) == {"n": 3, "rate": -0.5, "kind": "a"}
    assert stated(PLAIN, {"n": 9}) == {"n": 9, "rate": -0.5, "kind": "a"}
    assert stated(b"def make_inputs(seed, *, n): ...", {"n": 1}) == {"n": 1}


@pytest.mark.parametrize(
    "source",
    [
        b"N = 3\ndef make_inputs(seed, n=N): ...",
        b"def make_inputs(seed, **rest): ...",
        b"def make_inputs(seed, *, n): ...",
        b"@wrap\ndef make_inputs(seed, n=3): ...",
        b"from other import make_inputs",
        PLAIN + b"make_inputs = wrap(make_inputs)\n",
        PLAIN + b"make_inputs.__kwdefaults__ = {}\n",
        PLAIN + b"from other import *\n",
        PLAIN + b"globals()['make_inputs'] = 1\n",
        b"if True:\n    def make_inputs(seed, n=3): ...",
        b"def (",
    ],
)
def test_what_the_source_does_not_tell_is_not_guessed(source: bytes) -> None:
    assert stated(source, {}) is None


def test_an_override_that_there_is_not_is_left_to_the_process_that_refuses_it() -> None:
    assert stated(PLAIN, {"m": 1}) is None
