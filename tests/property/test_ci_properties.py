"""No text, and no number of rows, makes what CI systems read malformed or too long."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.model import Gate
from perfkit.report import comment, github, junit
from perfkit.report.ci import Place
from perfkit.report.text import Column, line, strong
from tests.unit.test_ci_formats import OUTCOMES, case, parsed, suite, table, view


@given(st.text(), st.text(), st.text())
def test_any_text_makes_xml(name: str, words: str, details: str) -> None:
    made = view(case("failed", name=name, words=words, details=details), pipeline=name, facts={"a": words})
    text = junit.render(made)
    suite(text)
    assert text.encode()


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_out_of_an_annotation(name: str, words: str, file: str) -> None:
    (only,) = github.commands(view(case("failed", name=name, words=words, place=Place(file=file))))
    level, properties, _ = parsed(only)
    assert level == "error"
    assert set(properties) == {"file", "title"}


@settings(max_examples=15, deadline=None)
@given(
    st.text(st.sampled_from("&<*_|`@#特\U0001f600a "), min_size=1),
    st.integers(1, 1_500),
    st.integers(1, 150),
    st.sampled_from(OUTCOMES),
)
def test_a_comment_is_never_too_long(piece: str, times: int, n: int, outcome: str) -> None:
    text = piece * times
    cases = [
        case(outcome, name=text, words=text, group=group)
        for group in ("gates", "outputs", "honesty")
        for _ in range(n)
    ]
    gates = tuple(Gate(name=text, outcome="failed", reasons=(text, text)) for _ in range(n))
    made = view(
        *cases,
        pipeline=text,
        title=line(text),
        headline=(line(text), line(strong(text))),
        gates=gates,
        outcome=outcome,
        stages=dataclasses.replace(
            table(n, width=times), columns=(Column(key="a", title=text), Column(key="b", title=text))
        ),
        method=(line(text),) * n,
        commands=text,
    )
    written = comment.render(made)
    assert len(written.encode()) <= comment.LIMIT_BYTES
    assert "left out" in written or n * times < 5_000
