"""Whatever a pyproject.toml holds, a new pipeline is added and nothing else changes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perfkit.api.configuration import with_pipeline

LINES = st.sampled_from(
    [
        "# a comment",
        "",
        "   ",
        "[project]",
        'name = "x" # why',
        "[tool.ruff]",
        "line-length = 100",
        "[tool.ruff.lint]",
        "select = [\n  'E', # one\n  'F',\n]",
        "[tool.perfkit]",
        'pipeline = "old"',
        "[tool.perfkit.pipelines.old]",
        'size = "n"',
        "[tool.perfkit.pipelines.old.variants]",
        "baseline = 'slow.py'",
        '[tool.perfkit.pipelines."a b".tolerances]',
        "result = { rtol = 0.1, reason = 'x' }",
        "[[tool.perfkit.pipelines.old.proofs]]",
        "text = '''\nperfkit\n[tool.perfkit]\n'''",
        "[tool.black]",
        "[[tool.mypy.overrides]]",
        "module = 'a'",
    ]
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    st.lists(LINES, max_size=12).map(lambda lines: list(dict.fromkeys(lines))),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.lists(WORDS, max_size=3),
)
def test_only_the_pipeline_is_added(lines: list[str], end: str, closed: bool, arguments: list[str]) -> None:
    text = end.join(lines).replace("\r\n", "\n").replace("\n", end) + (end if closed else "")
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    variants: dict[str, Any] = {
        "baseline": {"script": "slow.py", "arguments": arguments},
        "optimized": "fast.py",
    }
    content, _ = with_pipeline(text.encode(), "new", variants, Path("pyproject.toml"))
    made = content.decode()
    after = tomllib.loads(made)
    assert after["tool"]["perfkit"]["pipelines"].pop("new") == {"variants": variants}
    for key in ("pipelines", "perfkit", "tool"):
        _drop(after, before, key)
    assert after == before
    left = iter(made.splitlines())
    assert all(line in left for line in text.splitlines())


def _drop(after: dict[str, Any], before: dict[str, Any], key: str) -> None:
    """Drop a table that is empty, and was not there."""
    above = {"pipelines": ["tool", "perfkit"], "perfkit": ["tool"], "tool": []}[key]
    for step in above:
        after, before = after.get(step, {}), before.get(step, {})
    if after.get(key) == {} and key not in before:
        del after[key]
