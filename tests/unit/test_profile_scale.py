"""The benchmark of large profiles: what it makes is a profile, and every reader reads it."""

from __future__ import annotations

import pstats
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import profile_scale

if TYPE_CHECKING:
    from pathlib import Path


def stats_of(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]
    return found


def test_the_profile_that_it_makes_adds_up(tmp_path: Path) -> None:
    profile_scale.make(tmp_path / "a.prof", 300, 2000, 7)
    stats = stats_of(tmp_path / "a.prof")
    assert len(stats) == 300
    assert sum(len(row[4]) for row in stats.values()) == 2000
    for _, calls, _, whole_s, callers in stats.values():
        if callers:
            assert sum(cost[3] for cost in callers.values()) == pytest.approx(whole_s)
            assert sum(cost[0] for cost in callers.values()) == calls
    total = sum(row[2] for row in stats.values())
    roots = sum(row[3] for row in stats.values() if not row[4])
    assert roots == pytest.approx(total)


def test_the_second_profile_is_the_same_program_elsewhere(tmp_path: Path) -> None:
    for name, after in (("a", False), ("b", True)):
        profile_scale.make(tmp_path / f"{name}.prof", 300, 2000, 7, after=after)
    before, after_ = stats_of(tmp_path / "a.prof"), stats_of(tmp_path / "b.prof")
    names = [{(key[1], key[2]) for key in stats} for stats in (before, after_)]
    assert 0 < len(names[0] - names[1]) < 30
    assert len(after_) == len(before)


def test_every_reader_is_in_the_table(tmp_path: Path) -> None:
    found = profile_scale.run(40, 100, seed=1, rounds=1, folder=tmp_path)
    lines = profile_scale.table(found).splitlines()
    assert [line[:29].strip() for line in lines[1:]] == list(profile_scale.READERS)
    reference = next(line for line in lines if line.startswith(profile_scale.REFERENCE))
    assert reference.split()[2] == "1"
    assert all(rows[0]["took_s"] > 0 and rows[0]["peak_mib"] > 1 for rows in found.values())
    assert len(list((tmp_path / "cache").iterdir())) == 2
