"""Stopping early keeps what intervals and verdicts claim: by simulation with a fixed seed."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from perfkit.analyse import looks, stats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.model import SpeedVerdict


def heavy(rng: random.Random) -> float:
    return rng.gauss(0, 1) / math.sqrt(rng.gammavariate(1.5, 2) / 3)


def side(one: Callable[[random.Random], float]) -> Callable[[random.Random], Iterator[float]]:
    """Draw each side's log time by itself; a log ratio is the difference of two."""

    def ratios(rng: random.Random) -> Iterator[float]:
        while True:
            yield (one(rng) - one(rng)) / math.sqrt(2)

    return ratios


def autoregressive(rng: random.Random) -> Iterator[float]:
    """Load that comes and goes: half of what one run feels is felt by the next, also across the pair."""
    level = 0.0
    for sign in itertools.cycle((1, -1)):
        level = 0.5 * level + rng.gauss(0, 1)
        other = 0.5 * level + rng.gauss(0, 1)
        order = sign if rng.random() < 0.5 else -sign
        yield order * (level - other) / math.sqrt(2)
        level = other


def drifting(rng: random.Random) -> Iterator[float]:
    """A machine that becomes slower and slower: the second place of a pair costs 0.2 standard deviations."""
    while True:
        block = [1, -1]
        rng.shuffle(block)
        for order in block:
            yield rng.gauss(0, 1) + 0.2 * order


MACHINES: dict[str, Callable[[random.Random], Iterator[float]]] = {
    "normal": side(lambda r: r.gauss(0, 1)),
    "heavy tails": side(heavy),
    "skewed": side(lambda r: r.expovariate(1)),
    "bursts": side(lambda r: r.gauss(0, 8 if r.random() < 0.1 else 1)),
    "two speeds": side(lambda r: r.choice((-1, 1)) + r.gauss(0, 0.3)),
    "autocorrelated": autoregressive,
    "drifting": drifting,
}


@dataclass(frozen=True)
class Outcome:
    verdict: SpeedVerdict
    covers: bool
    n: int


def compare(rng: random.Random, machine: str, *, effect: float, sigma: float, most: int) -> Outcome:
    """Measure as a comparison does: until a look settles it, or the budget of `most` pairs is spent."""
    ratios = MACHINES[machine](rng)
    logs: list[float] = []
    while True:
        logs.append(effect + sigma * next(ratios))
        early = looks.settled(logs, precision=0.05)
        if early or len(logs) == most:
            alpha = looks.alpha(len(logs), last=not early)
            found = stats.estimate(logs, sequential=True, alpha=alpha)
            assert found.low is not None
            assert found.high is not None
            covers = found.low <= math.exp(effect) <= found.high
            return Outcome(stats.verdict(found), covers, len(logs))


def test_looks_are_planned() -> None:
    due = [n for n in range(1, 400) if looks.is_due(n)]
    assert due == [12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384]


def test_what_ends_a_comparison_early_is_the_sign_test() -> None:
    assert all(stats.enough(n, 1 - looks.alpha(n, last=False)) for n in range(1, 5000) if looks.is_due(n))


@pytest.mark.parametrize("last", [8, 9, 13, 100, 10_000])
def test_all_looks_together_spend_no_more_than_there_is(last: int) -> None:
    spent = sum(looks.alpha(n, last=False) for n in range(1, last) if looks.is_due(n))
    assert spent + looks.alpha(last, last=True) == pytest.approx(stats.ALPHA)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("sigma", "most"), [(0.02, 40), (0.1, 100)])
def test_equal_programs_are_told_apart_in_less_than_one_percent(
    machine: str, sigma: float, most: int
) -> None:
    rng = random.Random(20260101)
    rounds = 500
    found = [compare(rng, machine, effect=0.0, sigma=sigma, most=most) for _ in range(rounds)]
    wrong = sum(one.verdict in {"faster", "slower"} for one in found)
    # 0.5 % is claimed; four binomial standard errors above it
    assert wrong <= rounds * stats.ALPHA + 4 * math.sqrt(rounds * stats.ALPHA)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("effect", [0.0, 0.02, 0.05, 0.3])
def test_intervals_cover_what_they_claim_after_early_stopping(machine: str, effect: float) -> None:
    rng = random.Random(20260102)
    rounds = 400
    covered = (
        sum(compare(rng, machine, effect=effect, sigma=0.05, most=64).covers for _ in range(rounds)) / rounds
    )
    slack = 3 * math.sqrt(0.95 * 0.05 / rounds)
    assert 0.93 - slack <= covered <= 0.99


@pytest.mark.parametrize("machine", ["normal", "heavy tails", "bursts"])
def test_a_true_effect_is_found_and_never_with_the_wrong_sign(machine: str) -> None:
    rng = random.Random(20260103)
    found = [compare(rng, machine, effect=0.05, sigma=0.05, most=100).verdict for _ in range(200)]
    assert found.count("faster") >= 190
    assert "slower" not in found


def test_a_target_must_lie_outside_the_surer_interval() -> None:
    rng = random.Random(1)
    logs = [math.log(10) + rng.gauss(0, 0.01) for _ in range(12)]
    assert looks.settled(logs, precision=0.05)
    assert looks.settled(logs, precision=0.05, limits=[5.0])
    assert not looks.settled(logs, precision=0.05, limits=[5.0, 10.0])


def test_nothing_is_settled_between_looks_or_while_wide() -> None:
    rng = random.Random(2)
    logs = [math.log(10) + rng.gauss(0, 0.2) for _ in range(16)]
    assert not looks.settled(logs[:9], precision=0.9)
    assert not looks.settled(logs, precision=0.01)
    assert looks.settled(logs, precision=0.01, decided_is_enough=True)
