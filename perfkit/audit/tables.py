"""Read a table: which columns are before and after, what each row measured, and what it claims.

A table is read only if its titles, or the names of its rows, say which side is which. Its rows may be
stages, its columns may be (then it is turned), or each row a variant measured against the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perfkit.audit import figures, units, words
from perfkit.audit.facts import Claim, Group, Measured, Metric
from perfkit.audit.reading import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.audit.facts import Meaning
    from perfkit.audit.figures import Figure
    from perfkit.audit.reading import Table
    from perfkit.audit.spans import Span

_INDENT = re.compile(r"^[\s\u00a0]*(?:[└├│┕↳›»]|[-–—>·.]{1,3}[\s\u00a0]|[\u00a0\u2003]{2,})")
_TO = re.compile(r"(?<=[0-9])\s?to\s?(?=[0-9])")
_NOTHING = {"", "-", "–", "—", "n/a", "na", "none", "?", "…", "...", "/"}
_UNITS = re.compile(r"(?:ns|µs|us|ms|s|sec|seconds|min|h|x|×|%|items/s|MB|MiB|GB|GiB)")
_UNIT_OF = {1e-9: "ns", 1e-6: "µs", 1e-3: "ms", 1.0: "s", 60.0: "min", 3600.0: "h"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a table holds."""

    groups: tuple[Group, ...] = ()
    claims: tuple[Claim, ...] = ()
    metrics: tuple[Metric, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class _Grid:
    """A table turned so that each row is one thing measured."""

    titles: list[str]
    rows: list[list[_Cell]]
    headings: tuple[str, ...]
    line: int
    turned: bool = False


def read(table: Table) -> Found:
    """Read one table.

    Parameters
    ----------
    table
        As the report has it.

    Returns
    -------
    Found
        Its measurements and claims; a claim that cannot be tied to two times carries the reason.
    """
    titles = [one.text for one in table.titles]
    rows = [[_Cell(one.text, one.line, i) for i, one in enumerate(row.cells)] for row in table.rows]
    grid = _Grid(titles, rows, table.headings, table.line)
    if not rows or not titles:
        return Found()
    sides = [words.column(title) for title in titles]
    if "before" in sides and "after" in sides:
        return _by_columns(grid)
    labels = [words.side(row[0].text) if row else "" for row in rows]
    if labels.count("before") == 1 and (variants := _variants(grid, labels.index("before"))):
        return variants
    if "before" in labels and "after" in labels:
        return _by_columns(_turned(grid))
    return _untied(grid, sides)


def _turned(grid: _Grid) -> _Grid:
    names = ["", *(row[0].text for row in grid.rows)]
    columns = [
        [_Cell(grid.titles[at], grid.line, 0), *(row[at] for row in grid.rows if at < len(row))]
        for at in range(1, len(grid.titles))
    ]
    return _Grid(names, columns, grid.headings, grid.line, turned=True)


# ---------------------------------------------------------------- a side in each column


def _by_columns(grid: _Grid) -> Found:
    roles = [words.column(title) for title in grid.titles]
    label = next((i for i, role in enumerate(roles) if not role), 0)
    rows = [_Fields(grid, row, label) for row in grid.rows]
    sides = _sides(grid, roles, rows)
    if sides is None:
        return _untied(grid, roles, "several columns are before and after, and which belong together is open")
    measured: list[Measured] = []
    claims: list[tuple[int, Claim]] = []
    metrics: list[Metric] = []
    unread: list[Unread] = []
    with_units = any(
        figure is not None and figure.kind != "number"
        for fields in rows
        for figure in map(fields.figure, sides)
    )
    for fields in rows:
        before, after = (fields.figure(at) for at in sides)
        name = fields.name
        if words.METRIC.search(name) or (before and before.kind == "percent"):
            metrics.append(Metric(name=name, line=fields.line, text=fields.whole, before=before, after=after))
            continue
        paired = before is not None and after is not None and before.kind == after.kind
        if before and after and not paired:
            unread.append(
                Unread(text=fields.whole, line=fields.line, reason="its two sides have different units")
            )
        one = Measured(
            name=name,
            key=_key(name, grid),
            line=fields.line,
            before=before if paired else None,
            after=after if paired else None,
            nested=_INDENT.match(name) is not None,
        )
        stated = [
            claim for at, role in enumerate(roles) if at not in {label, *sides}
            for claim in _claims(fields, at, role, one)
        ]  # fmt: skip
        interval = _interval(fields, roles)
        ratio = next((claim.figure for claim in stated if claim.meaning in {"speedup", "ratio"}), None)
        one = replace(one, interval=interval, ratio=ratio)
        if before is not None and before.kind == "number" and not stated and with_units:
            continue  # a count among times, such as that of the runs
        if not (one.speeds() or stated):
            continue
        at = len(measured)
        measured.append(one)
        claims += [(at, replace(claim, interval=claim.interval or interval)) for claim in stated]
    return _grouped(grid, measured, claims, metrics, unread)


def _grouped(
    grid: _Grid,
    measured: list[Measured],
    claims: list[tuple[int, Claim]],
    metrics: list[Metric],
    unread: list[Unread],
) -> Found:
    measured = _paths(measured)
    times = [one for one in measured if one.before is None or one.before.kind in {"time", "number"}]
    total = [one for one in times if one.is_total and one.speeds()]
    heads = f"{grid.titles[0]} {' '.join(grid.headings[-1:])}"
    group = Group(
        rows=tuple(times),
        total=total[0] if len(total) == 1 else None,
        stages=bool(words.STAGE.search(heads)),
        line=grid.line,
    )
    rest = Group(
        rows=tuple(one for one in measured if one not in times), total=None, stages=False, line=grid.line
    )
    tied = [
        replace(claim, subjects=(measured[at],) if claim.meaning != "target" else (), group=group)
        for at, claim in claims
    ]
    return Found(
        groups=(group, rest) if rest.rows else (group,),
        claims=tuple(_without_times(claim) for claim in tied),
        metrics=tuple(metrics),
        unread=tuple(unread),
    )


def _without_times(claim: Claim) -> Claim:
    """Give the reason to a row's claim that has no two times beside it."""
    one = claim.subjects[0] if claim.subjects else None
    if one is not None and one.before is None and claim.meaning not in {"share", "share_saved", "target"}:
        return replace(claim, subjects=(), explicit=False, reason="its row has no time before and after")
    return claim


class _Fields:
    """A row's cells as figures."""

    def __init__(self, grid: _Grid, row: list[_Cell], label: int) -> None:
        self.grid, self.row = grid, row
        self.name = row[label].text.strip() if label < len(row) else ""
        # A turned table's names are its titles; what stands on which line is told by its figures.
        lines = [
            cell.line for at, cell in enumerate(row) if at != label and cell.text.strip() not in _NOTHING
        ]
        self.line = lines[0] if lines else grid.line
        unit = [cell.text.strip() for cell in row if _UNITS.fullmatch(cell.text.strip())]
        self.unit = unit[0] if len(unit) == 1 else ""
        self.whole = ", ".join(cell.text.strip() for cell in row if cell.text.strip() not in _NOTHING)

    def figure(self, at: int) -> Figure | None:
        """Return the one figure of a cell, by its own unit or its column's."""
        if at >= len(self.row) or self.row[at].text.strip() in _NOTHING:
            return None
        text = _TO.sub("-", self.row[at].text)  # in a cell "240 to 248 s" is a range
        title = self.grid.titles[at]
        found = list(figures.find(text))
        if found:
            return found[0]
        clock = figures.clock(text)
        if clock is not None:
            return clock
        if self.unit:
            made = list(figures.find(f"{text.strip()} {self.unit}"))
            if len(made) == 1:
                return made[0]
        named = (
            units.unit_scale(title) or units.unit_scale(self.name) or units.unit_scale(self.grid.titles[0])
        )
        if named is None and words.column(title) == "ratio":
            named = ("ratio", 1.0)
        kind, scale = named or ("number", 1.0)
        made_bare = figures.bare(text, scale, kind)
        unit = _UNIT_OF.get(scale, "") if kind == "time" else ""
        return replace(made_bare, text=f"{made_bare.text} {unit}") if made_bare and unit else made_bare


def _sides(grid: _Grid, roles: Sequence[str], rows: Sequence[_Fields]) -> tuple[int, int] | None:
    """Choose the columns of before and after; None if several pairs would do."""
    found = {
        role: [
            at for at, one in enumerate(roles)
            if one == role and any(fields.figure(at) is not None for fields in rows)
        ]
        for role in ("before", "after")
    }  # fmt: skip
    if len(found["before"]) == len(found["after"]) == 1:
        return found["before"][0], found["after"][0]

    def rest(at: int) -> str:
        return words.key_of(words.without_sides(grid.titles[at]))

    def timed(at: int) -> bool:
        return any((one := fields.figure(at)) is not None and one.kind == "time" for fields in rows)

    chosen = [
        (before, after)
        for before in filter(timed, found["before"])
        for after in filter(timed, found["after"])
        if rest(before) == rest(after)
    ]
    return chosen[0] if len(chosen) == 1 else None


def _claims(fields: _Fields, at: int, role: str, one: Measured) -> Iterator[Claim]:
    """Read what one cell claims about its row."""
    figure = fields.figure(at)
    if figure is None or at >= len(fields.row):
        return
    title = fields.grid.titles[at].lower()
    meaning = _meaning(figure.kind, role, title)
    if meaning == "change_pct" and "faster" in fields.row[at].text.lower():
        meaning = "faster_pct"
    if words.side(title) or not meaning:
        return
    if re.search(rf"\b{words.TARGET}\b", one.name, re.IGNORECASE):
        meaning = "target" if figure.kind == "ratio" else "unknown"
    yield Claim(
        figure=figure,
        meaning=meaning,
        line=fields.row[at].line,
        text=fields.whole,
        subjects=(one,),
        explicit=True,
        interval=figure.ends,
        column=fields.grid.titles[at] or f"column {at + 1}",
    )


def _meaning(kind: str, role: str, title: str) -> Meaning | None:  # noqa: PLR0911  one rule a line, the first that fits
    """Return what a cell of this kind means under this title; None if it claims nothing."""
    if kind == "ratio":
        named = role in {"ratio", "change"} or not role
        return None if not named else "ratio" if "ratio" in title or "factor" in title else "speedup"
    if kind == "time":
        return "saved_time" if "sav" in title else None
    if kind != "percent":
        return None
    if role == "share":
        return "share_saved" if "sav" in title else "share"
    if role == "change":
        return "less_pct" if "sav" in title or "reduc" in title else "change_pct"
    if role == "ratio":
        return "faster_pct" if "faster" in title else "change_pct"
    return "unknown" if role != "interval" else None


def _interval(fields: _Fields, roles: Sequence[str]) -> Span | None:
    """Return the interval of a row's ratio, from a column of its own."""
    for at, role in enumerate(roles):
        if role == "interval" and at < len(fields.row):
            found = list(figures.find(f"1x {fields.row[at].text}"))
            if found and found[0].ends is not None:
                return found[0].ends
    return None


def _key(name: str, grid: _Grid) -> str:
    """Return what a row is known by; a lone row without a telling name is known by nothing."""
    key = words.key_of(words.without_sides(name)) if grid.turned else words.key_of(name)
    return "" if len(grid.rows) == 1 and (key == "" or grid.turned) and key != words.TOTAL else key


def _paths(measured: Sequence[Measured]) -> list[Measured]:
    """Name a nested row by its parent too, so that its own name may occur under several."""
    made: list[Measured] = []
    parent = ""
    tops = {one.name.strip("` ") for one in measured if not one.nested}
    for one in measured:
        path = one.name.strip("`* ").split("/")
        if one.nested and parent:
            made.append(replace(one, key=f"{parent} {one.key}"))
        elif len(path) > 1 and path[0] in tops:
            made.append(replace(one, nested=True))
        else:
            parent = one.key
            made.append(one)
    return made


# ---------------------------------------------------------------- other layouts


def _variants(grid: _Grid, first: int) -> Found | None:
    """Read a table of variants, each with its time and its speedup over the one that is the baseline."""
    roles = [words.column(title) for title in grid.titles]
    rows = [_Fields(grid, row, 0) for row in grid.rows]
    ratios = [at for at, role in enumerate(roles) if role in {"ratio", "change"} and at]
    timed = [
        at for at, role in enumerate(roles)
        if at and at not in ratios and role != "share"
        and (figure := rows[first].figure(at)) is not None and figure.kind in {"time", "rate"}
    ]  # fmt: skip
    if not ratios or len(timed) != 1:
        return None
    before = rows[first].figure(timed[0])
    measured: list[Measured] = []
    claims: list[tuple[int, Claim]] = []
    metrics: list[Metric] = []
    for at, fields in enumerate(rows):
        after = fields.figure(timed[0])
        if before is None or after is None or after.kind != before.kind:
            continue
        lone = len(rows) == (1 + 1) and at != first
        one = Measured(
            name=fields.name,
            key="" if lone else words.key_of(fields.name) or fields.name.lower(),
            line=fields.line,
            before=before,
            after=after,
        )
        stated = [
            replace(claim, meaning="change_pct" if claim.meaning == "share" else claim.meaning)
            for column, role in enumerate(roles) if column and column not in timed
            for claim in _claims(fields, column, role, one)
        ]  # fmt: skip
        one = replace(one, interval=_interval(fields, roles))
        if at != first or stated:
            claims += [
                (len(measured), replace(claim, interval=claim.interval or one.interval)) for claim in stated
            ]
            measured.append(one)
    found = _grouped(grid, measured, claims, metrics, [])
    # They are alternatives, not parts of anything.
    groups = tuple(replace(group, total=None, stages=False) for group in found.groups)
    return replace(found, groups=groups)


def _untied(grid: _Grid, roles: Sequence[str], reason: str = "") -> Found:
    """Read a table without two sides: its ratios name what they are of, but cannot be checked in it."""
    label = next((i for i, role in enumerate(roles) if not role), 0)
    rows = [_Fields(grid, row, label) for row in grid.rows]
    measured: list[Measured] = []
    claims: list[Claim] = []
    metrics: list[Metric] = []
    sides = _two_times(roles, rows, label)
    why = reason or "no columns for before and after stand beside it"
    for fields in rows:
        stated = [
            claim for at, role in enumerate(roles) if at != label
            for claim in _claims(fields, at, role, Measured(name=fields.name, key="", line=fields.line))
        ]  # fmt: skip
        if words.METRIC.search(fields.name):
            values = [one for at in range(1, len(fields.row)) if (one := fields.figure(at)) is not None]
            first = values[0] if values else None
            metrics.append(
                Metric(name=fields.name, line=fields.line, text=fields.whole, before=first, after=None)
            )
            continue
        ratio = next((one for one in stated if one.meaning in {"speedup", "ratio"}), None)
        if ratio is not None and fields.name:
            measured.append(
                Measured(
                    name=fields.name,
                    key=words.key_of(fields.name),
                    line=fields.line,
                    ratio=ratio.figure,
                    interval=ratio.interval or _interval(fields, roles),
                    nested=_INDENT.match(fields.name) is not None,
                )
            )
        either = _either_way(fields, sides)
        for claim in stated:
            if claim.meaning != "target":
                tied = either if claim is ratio else ()
                claim = replace(claim, subjects=tied, explicit=False, reason="" if tied else why)  # noqa: PLW2901
            claims.append(claim)
    found = _grouped(grid, measured, [], metrics, [])
    return replace(found, claims=tuple(replace(claim, group=found.groups[0]) for claim in claims))


def _two_times(roles: Sequence[str], rows: Sequence[_Fields], label: int) -> tuple[int, int] | None:
    """Return the only two columns of times beside a ratio, such as "traditional" and "parallel"."""
    timed = [
        at for at, role in enumerate(roles)
        if at != label and role not in {"ratio", "share", "change", "interval", "target"}
        and any((one := fields.figure(at)) is not None and one.kind == "time" for fields in rows)
    ]  # fmt: skip
    return (timed[0], timed[1]) if len(timed) == (1 + 1) and roles.count("ratio") == 1 else None


def _either_way(fields: _Fields, sides: tuple[int, int] | None) -> tuple[Measured, ...]:
    """Return a row's two times, which of them is before being open: enough to confirm its ratio."""
    if sides is None:
        return ()
    first, second = (fields.figure(at) for at in sides)
    if first is None or second is None or first.kind != second.kind:
        return ()
    return (Measured(name=fields.name, key="", line=fields.line, before=first, after=second, oriented=False),)
