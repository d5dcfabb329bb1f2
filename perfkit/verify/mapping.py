"""Stages that a contender renamed, split or fused, as the configuration maps them to the baseline's."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from perfkit.model import Checkpoint, Equivalence, StageMapping, StageTiming


def as_baseline(path: str, mapping: Mapping[str, StageMapping]) -> str | None:
    """Return what the baseline calls a stage of the contender; None for a part of a split one but the last.

    Children of a renamed stage are renamed with it.
    """
    for ours, one in mapping.items():
        for index, theirs in enumerate(one.contender):
            if path == theirs:
                return ours if index == len(one.contender) - 1 else None
            if path.startswith(f"{theirs}/") and len(one.contender) == 1:
                return ours + path.removeprefix(theirs)
    return path


def in_baseline(path: str, mapping: Mapping[str, StageMapping]) -> str:
    """Return the baseline's stage that a stage of the contender serves, also one of several that do."""
    found = as_baseline(path, mapping)
    if found is not None:
        return found
    return next(ours for ours, each in mapping.items() if path in each.contender)


def renamed(checkpoints: Iterable[Checkpoint], mapping: Mapping[str, StageMapping]) -> tuple[Checkpoint, ...]:
    """Return the contender's checkpoints under the baseline's names."""
    found = []
    for one in checkpoints:
        path = as_baseline(one.stage, mapping) if one.stage else ""
        if path is not None:
            found.append(dataclasses.replace(one, stage=path))
    return tuple(found)


def renamed_paths(paths: Iterable[str], mapping: Mapping[str, StageMapping]) -> list[str]:
    """Return the contender's stages under the baseline's names."""
    return list(
        dict.fromkeys(one for one in (as_baseline(path, mapping) for path in paths) if one is not None)
    )


def renamed_timings(
    stages: Iterable[StageTiming], mapping: Mapping[str, StageMapping]
) -> tuple[StageTiming, ...]:
    """Return the contender's stage times under the baseline's names; the parts of a split stage add up."""
    found: dict[tuple[str, bool], StageTiming] = {}
    for one in stages:
        path = in_baseline(one.path, mapping)
        key = (path, one.in_main_thread)
        before = found.get(key)
        found[key] = dataclasses.replace(
            one,
            path=path,
            calls=one.calls if before is None else max(before.calls, one.calls),
            total_s=one.total_s + (before.total_s if before is not None else 0.0),
        )
    return tuple(found.values())


def with_fused(found: Iterable[Equivalence], mapping: Mapping[str, StageMapping]) -> tuple[Equivalence, ...]:
    """Say of stages that the contender fused into others why they were not checked."""
    return tuple(
        dataclasses.replace(one, verdict="not checked", reason=f"fused into {mapping[one.stage].fused_into}")
        if one.stage in mapping and mapping[one.stage].fused_into and one.verdict != "different"
        else one
        for one in found
    )


def check(
    mapping: Mapping[str, StageMapping], ours: Sequence[str], theirs: Sequence[str], where: str
) -> None:
    """See that a mapping speaks of stages that there are.

    Raises
    ------
    UsageError
        If it does not.
    """
    for path, one in mapping.items():
        if path not in ours:
            raise UsageError(
                f"{where}: the baseline has no stage {path!r}; it has: {', '.join(ours) or 'none'}"
            )
        if one.fused_into and one.fused_into not in ours:
            raise UsageError(
                f"{where}.{path}: fused into {one.fused_into!r}, which the baseline does not have"
            )
        for name in one.contender:
            if name not in theirs:
                there = ", ".join(theirs) or "none"
                raise UsageError(f"{where}.{path}: the contender has no stage {name!r}; it has: {there}")
