"""What sampling, memory and operator profiles found, for a terminal."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text
from rich.tree import Tree

from perfkit.report import units

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from rich.table import Table

    from perfkit.model import CallTree, OperatorCost, ProfileRun, StackFrame

    NewTable = Callable[..., Table]

_LEAST_SHARE = 0.01  # of the whole: smaller branches are left out
_ALONE = 0.999  # of a stage's time: its only function stands in the same row
_HOT, _WARM = 0.5, 0.15
_MOST_LINES = 12
_MOST_OPERATORS = 6  # of a stage
_MOST_STAGES = 12

_LIBRARY = re.compile(r".*?(?:site-packages|python3\.\d+)/")


def tree(run: ProfileRun) -> Tree:
    """Lay out call stacks as a tree; calls within libraries are their entry's.

    Parameters
    ----------
    run
        With a call tree.
    """
    found = _Visible(run)
    laid_out = Tree("", hide_root=True, guide_style="dim")
    for root in found.largest(-1):
        _branch(found, root, laid_out)
    return laid_out


class _Visible:
    """The part of a call tree that is shown: libraries are folded into the function that calls them.

    Attributes
    ----------
    total_s, self_s
        By node of the visible tree.
    """

    def __init__(self, run: ProfileRun) -> None:
        self.tree: CallTree = run.tree  # type: ignore[assignment]
        self._own = set(run.sources)
        self.frame: list[int] = []
        self.self_s: list[float] = []
        self.total_s: list[float] = []
        self._children: dict[int, list[int]] = defaultdict(list)
        self._build()
        self.whole_s = max((self.total_s[one] for one in self._children[-1]), default=0.0)

    def _build(self) -> None:
        tree_ = self.tree
        place: list[int] = []
        parents: list[int] = []
        known: dict[tuple[int, int], int] = {}
        for node, index in enumerate(tree_.frame):
            above = place[tree_.parent[node]] if tree_.parent[node] >= 0 else -1
            if above >= 0 and self._folds(self.frame[above], index):
                place.append(above)
                self.self_s[above] += tree_.self_s[node]
                continue
            key = (above, index)
            if key not in known:
                known[key] = len(self.frame)
                self.frame.append(index)
                parents.append(above)
                self.self_s.append(0.0)
                self._children[above].append(known[key])
            place.append(known[key])
            self.self_s[known[key]] += tree_.self_s[node]
        self.total_s = list(self.self_s)
        for node in range(len(parents) - 1, -1, -1):
            if parents[node] >= 0:
                self.total_s[parents[node]] += self.total_s[node]

    def _folds(self, above: int, index: int) -> bool:
        """Tell whether a frame is shown as part of the one above it: both are of libraries."""
        return self.is_library(above) and (
            self.is_library(index) or self.tree.frames[index].kind == "built-in"
        )

    def is_library(self, index: int) -> bool:
        frame = self.tree.frames[index]
        if frame.kind != "function" or not frame.file:
            return False
        return frame.file not in self._own if self._own else frame.file.startswith("/")

    def largest(self, node: int) -> list[int]:
        """Return the children that are worth a row, the largest first."""
        least = _LEAST_SHARE * self.whole_s
        children = [one for one in self._children[node] if self.total_s[one] >= least]
        return sorted(children, key=lambda one: -self.total_s[one])

    def of(self, node: int) -> StackFrame:
        return self.tree.frames[self.frame[node]]


def _branch(found: _Visible, node: int, above: Tree) -> None:
    total_s = found.total_s[node]
    label = _label(found, node, total_s)
    while found.of(node).kind == "stage":
        children = found.largest(node)
        if len(children) != 1 or found.total_s[children[0]] < _ALONE * total_s:
            break
        node = children[0]
        label.append("  ").append(_name(found, node))
    branch = above.add(label)
    children = found.largest(node)
    for child in children:
        _branch(found, child, branch)
    if children and found.self_s[node] >= _LEAST_SHARE * found.whole_s:
        branch.add(Text.assemble(_cost(found, found.self_s[node]), ("[self]", "dim")))


def _label(found: _Visible, node: int, total_s: float) -> Text:
    return _short(_cost(found, total_s), _name(found, node))


def _cost(found: _Visible, seconds: float) -> Text:
    share = seconds / found.whole_s if found.whole_s else 0.0
    style = "red" if share >= _HOT else "yellow" if share >= _WARM else "green"
    return Text.assemble((f"{units.seconds(seconds)} ", style), (f"{units.percent(share, 0)}  ", "dim"))


def _name(found: _Visible, node: int) -> Text:
    frame = found.of(node)
    if frame.kind == "stage":
        return Text(f"stage {frame.name}", "bold cyan")
    if frame.kind == "built-in":
        return Text(frame.name, "dim")
    place = f" {_LIBRARY.sub('', frame.file)}:{frame.line}" if frame.file else ""
    library = found.is_library(found.frame[node])
    return Text.assemble((frame.name, "" if library else "bold"), (place, "dim"))


def memory(run: ProfileRun, table: NewTable) -> list[RenderableType]:
    """Lay out the memory of the stages, and the lines that held the most.

    Parameters
    ----------
    table
        Makes a table of the titles of its columns.
    """
    found: list[RenderableType] = []
    if run.memory:
        stages = table("resident memory of", "at entry", "peak", "grown by")
        for one in run.memory:
            indent, last = "  " * (one.path.count("/") + 1), one.path.rpartition("/")[2]
            stages.add_row(
                Text(indent + last if one.path else "run(inputs)"),
                units.bytes_(one.base_bytes),
                units.bytes_(one.peak_bytes),
                units.bytes_(one.grown_bytes),
                style="" if one.path else "bold",
            )
        found.append(stages)
    if run.allocations:
        found += [
            _lines(run, table),
            Text("held: what was asked for, be it resident or never touched", "dim"),
        ]
    return found


def _lines(run: ProfileRun, table: NewTable) -> Table:
    lines = table("held at the highest, by line", "held", "in", "of all")
    whole = sum(one.size_bytes for one in run.allocations) or 1
    worth = [one for one in run.allocations if one.size_bytes >= _LEAST_SHARE * whole]
    for line in worth[:_MOST_LINES]:
        text = run.sources.get(line.file, "").split("\n")
        code = text[line.line - 1].strip() if 0 < line.line <= len(text) else ""
        place = f"{_LIBRARY.sub('', line.file)}:{line.line} {line.function}" if line.file else "no Python"
        lines.add_row(
            _short((place, "dim"), "  ", code),
            units.bytes_(line.size_bytes),
            f"{units.count(line.count)} pieces" if line.count != 1 else "1 piece",
            units.percent(line.size_bytes / whole),
        )
    return lines


def operators(run: ProfileRun, table: NewTable) -> RenderableType:
    """Lay out torch's operators, stage by stage; the stage with the most first."""
    on_device = any(one.self_device_s for one in run.operators)
    by_stage: dict[str, list[OperatorCost]] = defaultdict(list)
    for one in run.operators:
        by_stage[one.stage].append(one)
    whole = sum(map(_own, run.operators)) or 1.0
    device = ["device"] if on_device else []
    laid_out = table("operator", "calls", "self CPU", "CPU with callees", *device, "of all")
    stages = sorted(by_stage.items(), key=lambda item: -sum(map(_own, item[1])))
    for stage, costs in stages[:_MOST_STAGES]:
        laid_out.add_section()
        laid_out.add_row(
            Text(f"stage {stage}" if stage else "outside stages", "bold cyan"),
            units.count(sum(one.calls for one in costs)),
            units.seconds(sum(one.self_cpu_s for one in costs)),
            "",
            *([units.seconds(sum(one.self_device_s for one in costs))] if on_device else []),
            units.percent(sum(map(_own, costs)) / whole),
        )
        for one in costs[:_MOST_OPERATORS]:
            laid_out.add_row(
                Text(f"  {one.name}"),
                units.count(one.calls),
                units.seconds(one.self_cpu_s),
                units.seconds(one.cpu_s),
                *([units.seconds(one.self_device_s)] if on_device else []),
                units.percent(_own(one) / whole),
            )
        if len(costs) > _MOST_OPERATORS:
            laid_out.add_row(Text(f"  and {len(costs) - _MOST_OPERATORS} more", "dim"))
    cpu_s = sum(one.self_cpu_s for one in run.operators)
    took = f"operators took {units.seconds(cpu_s)} of the {units.seconds(run.traced_s)}"
    return Group(laid_out, Text(f"{took}, those of other threads included", "dim"))


def _short(*parts: str | Text | tuple[str, str]) -> Text:
    """Return text that stays on one line."""
    text = Text.assemble(*parts)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _own(cost: OperatorCost) -> float:
    return cost.self_cpu_s + cost.self_device_s
