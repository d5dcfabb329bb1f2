"""What differs between the interpreters and the packages of the two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.text import Column, Line, Row, Table, code, line, listed

if TYPE_CHECKING:
    from perfkit.model import Environment, Runtime

_MOST_OTHERS = 20
_ABSENT, _UNKNOWN = "not installed", "unknown"
_BUILD = "build options"


def said(environment: Environment) -> Line:
    """Say in a sentence whether the sides' interpreters and packages differ; empty if they are perfkit's."""
    if not environment.runtimes:
        return line()
    before, after = environment.runtimes["baseline"], environment.runtimes["contender"]
    if _rows(before, after):
        return line("The sides ran in different interpreters or with different packages. What differs:")
    where = line(" (", code(before.executable), ")") if before.executable == after.executable else line()
    packages = listed([line(code(f"{name} {version}")) for name, version in sorted(before.packages.items())])
    return line(
        f"Interpreter and packages were the same on both sides: {_python(before)}",
        where,
        *((", with ", packages) if before.packages else ()),
        ".",
    )


def table(environment: Environment, baseline: str, contender: str) -> Table | None:
    """List what differs between the sides; None if nothing does.

    Parameters
    ----------
    baseline, contender
        The sides' names.
    """
    if not environment.runtimes:
        return None
    rows = _rows(environment.runtimes["baseline"], environment.runtimes["contender"])
    if not rows:
        return None
    return Table(
        columns=(
            Column(key="what", title="what"),
            Column(key="baseline", title=baseline),
            Column(key="contender", title=contender),
        ),
        rows=tuple(rows),
    )


def _python(one: Runtime) -> str:
    return f"{one.implementation} {one.python}"


def _rows(before: Runtime, after: Runtime) -> list[Row]:
    """Return a row for each thing that differs, led by where the interpreters lie."""
    rows = []
    if before.python != after.python or before.implementation != after.implementation:
        rows.append(_row(line("Python"), _python(before), _python(after)))
    for name in dict.fromkeys((*before.build, *after.build)):
        was, now = before.build.get(name, _UNKNOWN), after.build.get(name, _UNKNOWN)
        # How they were built bears on any difference of two Pythons: it is told though it be the same.
        if was != now or (rows and name == _BUILD):
            rows.append(_row(line(name), was, now))
    ours, theirs = {**before.installed, **before.packages}, {**after.installed, **after.packages}
    used = sorted({*before.packages, *after.packages}, key=str.lower)
    rows += [
        _row(line(code(name)), ours.get(name, _ABSENT), theirs.get(name, _ABSENT))
        for name in used
        if ours.get(name) != theirs.get(name)
    ]
    others = sorted({*ours, *theirs} - set(used), key=str.lower)
    apart = [name for name in others if ours.get(name) != theirs.get(name)]
    if apart:
        more = f", the first {_MOST_OTHERS} of {len(apart)}" if len(apart) > _MOST_OTHERS else ""
        both = (_named(apart[:_MOST_OTHERS], of) for of in (ours, theirs))
        rows.append(Row(cells=(line(f"other packages{more}"), *both)))
    if rows and before.executable != after.executable:
        where = (line(code(before.executable)), line(code(after.executable)))
        rows.insert(0, Row(cells=(line("interpreter"), *where)))
    return rows


def _row(what: Line, before: str, after: str) -> Row:
    return Row(cells=(what, line(before), line(after)))


def _named(names: list[str], versions: dict[str, str]) -> Line:
    return listed([line(code(f"{one} {versions[one]}")) for one in names if one in versions]) or line("none")
