"""The differential flame graph: two trees of call stacks, merged into one that both sides' times hang on.

Two frames are one where the code says so, by `FunctionDelta`, or where kind, file and name are the same. So a
renamed function is one frame, and its callees are compared below it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perfkit.report import units
from perfkit.report.html.markup import name
from perfkit.report.text import Line, Span, code, line

if TYPE_CHECKING:
    from perfkit.model import CallTree, Difference, FunctionDelta, StackFrame

THRESHOLD = 0.0001
"""A stack that takes less than this share of the time on both sides is left out of the page."""
MOST = 30_000
"""More nodes than these are left out too, the smallest first."""
_DIGITS = 9
_ROOT = -1

# What identifies a frame: its kind, file, name, and which of several of that name it is.
_Key = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flames:
    """The merged tree as the page's script reads it, and what is to be said of it.

    Attributes
    ----------
    sampled
        Whether both sides were sampled, so that chance has a part in every difference.
    remarks
        Whose stacks they are, how they were found, and what was left out.
    """

    data: dict[str, Any]
    sampled: bool
    remarks: tuple[Line, ...]


@dataclass(slots=True)
class _Merged:
    """The tree while it grows: one entry a node, parents first."""

    frame: list[int]
    parent: list[int]
    own: tuple[list[float], list[float]]
    total: tuple[list[float], list[float]]


def flames(difference: Difference, files: tuple[str, str]) -> Flames | None:
    """Merge the two trees; None if one of them is missing or holds no time.

    Parameters
    ----------
    files
        The two variants' own files, in which functions of the same name are one.
    """
    before, after = difference.before_tree, difference.after_tree
    if before is None or after is None:
        return None
    keys = _keys(before), _keys(after)
    labels = _Labels(difference, files, (before, after), keys)
    merged = _merge((before, after), (keys[0], labels.after_keys), labels)
    whole = tuple(
        sum(total for total, parent in zip(side, merged.parent, strict=True) if parent == _ROOT)
        for side in merged.total
    )
    if whole[0] <= 0 and whole[1] <= 0:
        return None
    kept, threshold = _kept(merged, (whole[0], whole[1]))
    return Flames(
        data=_data(difference, merged, kept, labels),
        sampled=before.interval_s is not None and after.interval_s is not None,
        remarks=tuple(_remarks(difference, (before, after), (len(kept), len(merged.frame)), threshold)),
    )


# ---------------------------------------------------------------- which frame is which


def _keys(tree: CallTree) -> list[_Key]:
    """Identify each frame of a tree; frames of the same name in one file are counted by their lines."""
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for index, frame in enumerate(tree.frames):
        groups[frame.kind, frame.file, frame.name].append(index)
    keys: list[_Key] = [("", "", "", 0)] * len(tree.frames)
    for group, members in groups.items():
        for rank, index in enumerate(sorted(members, key=lambda one: tree.frames[one].line)):
            keys[index] = (*group, rank)
    return keys


class _Labels:
    """What each merged frame is called, and how it was matched.

    Attributes
    ----------
    after_keys
        The contender's frames under the baseline's keys, where they are the same.
    """

    def __init__(
        self,
        difference: Difference,
        files: tuple[str, str],
        trees: tuple[CallTree, CallTree],
        keys: tuple[list[_Key], list[_Key]],
    ) -> None:
        known = set(keys[0])
        places = tuple(
            {
                (frame.file, frame.line): key
                for frame, key in zip(tree.frames, side, strict=True)
                if frame.kind == "function"
            }
            for tree, side in zip(trees, keys, strict=True)
        )
        pairs: dict[_Key, tuple[_Key, FunctionDelta]] = {}
        listed = (one for stage in difference.stages for one in stage.functions)
        for delta in (*difference.functions, *listed):
            if delta.before is not None and delta.after is not None:
                left = places[0].get((delta.before.file, delta.before.line))
                right = places[1].get((delta.after.file, delta.after.line))
                if left is not None and right is not None:
                    pairs[right] = left, delta
        taken = {left for left, _ in pairs.values()}
        self.after_keys: list[_Key] = []
        self.index: dict[_Key, int] = {}
        self.frames: list[tuple[str, str, str, str]] = []
        left_of: dict[_Key, StackFrame] = dict(zip(keys[0], trees[0].frames, strict=True))
        right_of: dict[_Key, StackFrame] = {}
        hows: dict[_Key, str] = {}
        for frame, key in zip(trees[1].frames, keys[1], strict=True):
            found, how = key, "same place"
            same = (key[0], files[0], key[2], key[3])
            if key in pairs:
                found, how = pairs[key][0], pairs[key][1].how
            elif key[1] == files[1] and files[0] != files[1] and same in known and same not in taken:
                found, how = same, "same name"
            elif key in taken:  # the baseline's frame of this name became another function
                found = (key[0], key[1], key[2], -1 - key[3])
            self.after_keys.append(found)
            right_of[found] = frame
            hows[found] = how
        for key, shown in {**left_of, **right_of}.items():
            self.index[key] = len(self.frames)
            both = [one for one in (left_of.get(key), right_of.get(key)) if one is not None]
            title = " → ".join(dict.fromkeys(name(one.name) for one in both))
            how = hows[key] if len(both) > 1 else "vanished" if key in left_of else "new"
            where = [_place(one) for one in both]
            self.frames.append((title, " → ".join(dict.fromkeys(where)), shown.kind, how))


def _place(frame: StackFrame) -> str:
    if frame.kind != "function":
        return frame.kind
    return f"{name(frame.file)}:{frame.line}" if frame.line else name(frame.file)


# ---------------------------------------------------------------- the merged tree


def _merge(trees: tuple[CallTree, CallTree], keys: tuple[list[_Key], list[_Key]], labels: _Labels) -> _Merged:
    merged = _Merged(frame=[], parent=[], own=([], []), total=([], []))
    places: dict[tuple[int, int], int] = {}
    for side, tree in enumerate(trees):
        at: list[int] = []
        for frame, parent, self_s in zip(tree.frame, tree.parent, tree.self_s, strict=True):
            above = at[parent] if parent >= 0 else _ROOT
            place = above, labels.index[keys[side][frame]]
            node = places.get(place)
            if node is None:
                node = places[place] = len(merged.frame)
                merged.frame.append(place[1])
                merged.parent.append(above)
                for times in (*merged.own, *merged.total):
                    times.append(0.0)
            at.append(node)
            merged.own[side][node] += self_s
    for own, total in zip(merged.own, merged.total, strict=True):
        for node in range(len(own) - 1, -1, -1):
            total[node] += own[node]
            if merged.parent[node] >= 0:
                total[merged.parent[node]] += total[node]
    return merged


def _kept(merged: _Merged, whole: tuple[float, float]) -> tuple[list[int], float]:
    """Return the nodes that are worth their place, parents first, and the share from which they are."""
    shares = [
        max(one / all_ if all_ > 0 else 0.0 for one, all_ in zip(both, whole, strict=True))
        for both in zip(*merged.total, strict=True)
    ]
    threshold = THRESHOLD
    large = sorted((share for share in shares if share >= threshold), reverse=True)
    if len(large) > MOST:
        threshold = large[MOST]
        kept = [node for node, share in enumerate(shares) if share > threshold]
    else:
        kept = [node for node, share in enumerate(shares) if share >= threshold]
    return kept, threshold  # a parent's share is never less than its child's, so no node loses its parent


def _data(difference: Difference, merged: _Merged, kept: list[int], labels: _Labels) -> dict[str, Any]:
    frames: dict[int, int] = {}
    place = {node: index for index, node in enumerate(kept)}
    for node in kept:
        frames.setdefault(merged.frame[node], len(frames))

    def times(values: list[float]) -> list[float]:
        return [_short(values[node]) for node in kept]

    trees = difference.before_tree, difference.after_tree
    return {
        "sides": [name(difference.before.title), name(difference.after.title)],
        "intervals": [tree.interval_s if tree else None for tree in trees],
        "frames": [list(labels.frames[frame]) for frame in frames],
        "frame": [frames[merged.frame[node]] for node in kept],
        "parent": [place.get(merged.parent[node], _ROOT) for node in kept],
        "own": [times(side) for side in merged.own],
        "total": [times(side) for side in merged.total],
    }


def _short(value: float) -> int | float:
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def _remarks(
    difference: Difference, trees: tuple[CallTree, CallTree], counts: tuple[int, int], threshold: float
) -> list[Line]:
    sides = difference.before, difference.after
    said: list[Span | str] = []
    for side, tree in zip(sides, trees, strict=True):
        how = f"{units.count(len(tree.frame))} stacks"
        if tree.interval_s is not None:
            how += f", sampled every {units.seconds(tree.interval_s)}"
        if tree.samples:
            how += f" ({units.count(sum(tree.samples))} samples)"
        if tree.approximate:
            how += ", approximate: from callers and callees"
        said += ["; " if said else "", code(side.title), f": {how}"]
    remarks = [line(*said, ".")]
    if any(tree.approximate for tree in trees):
        remarks.append(
            line(
                "Which stack a function's time belonged to was not recorded: it is shared among its callers "
                "by how long it took for each, whoever called those."
            )
        )
    if counts[0] < counts[1]:
        remarks.append(
            line(
                f"Drawn are {units.count(counts[0])} of {units.count(counts[1])} stacks, each with at least "
                f"{100 * threshold:.2g} % of the time before or after; the others count in those above them."
            )
        )
    return remarks
