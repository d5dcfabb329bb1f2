"""A comparison as annotations: the workflow commands that GitHub Actions reads from a step's output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.text import clean, plain

if TYPE_CHECKING:
    from perfkit.report.ci import Case, CaseOutcome, CiView

_LEVELS: dict[CaseOutcome, str] = {"failed": "error", "error": "error", "undecided": "warning"}
_MOST = 10
"""GitHub shows so many annotations of a level and step, and silently drops the rest."""
_LONGEST = 1000
_KINDS = {"run": "run", "gates": "gate", "outputs": "output", "honesty": "honesty check"}
"""Which groups of cases are told, in this order; the verdict on speed is a gate as well."""


def commands(view: CiView) -> tuple[str, ...]:
    """Return one workflow command for each failed or undecided case, and one for how it ended.

    Errors come first, then warnings; of each level at most ten, the last of which counts the rest.
    """
    told = [one for group in _KINDS for one in view.cases if one.group == group and one.outcome in _LEVELS]
    made: list[str] = []
    for level in ("error", "warning"):
        cases = [one for one in told if _LEVELS[one.outcome] == level]
        shown = cases if len(cases) <= _MOST else cases[: _MOST - 1]
        made += [_annotation(level, view, one) for one in shown]
        if len(shown) < len(cases):
            rest = f"and {len(cases) - len(shown)} more: the report has them all"
            made.append(_command(level, rest, title=_name(view)))
    if not told:
        headline = " ".join(plain(one) for one in view.headline)
        made.append(_command("notice", headline, title=_name(view)))
    return tuple(made)


def _name(view: CiView) -> str:
    return f"perfkit {view.pipeline}".rstrip()


def _annotation(level: str, view: CiView, case: Case) -> str:
    where = {}
    if case.place is not None:
        where["file"] = case.place.file
        if case.place.line is not None:
            where["line"] = str(case.place.line)
    title = f"{_name(view)}: {_KINDS[case.group]} {case.outcome}"
    return _command(level, f"{case.name}: {case.words}", **where, title=title)


def _command(level: str, message: str, **properties: str) -> str:
    """Write a workflow command; what would end a message, a property or the command is escaped."""
    given = ",".join(f"{name}={_property(_short(value))}" for name, value in properties.items())
    return f"::{level} {given}::{_data(_short(message))}"


def _short(text: str) -> str:
    text = clean(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
