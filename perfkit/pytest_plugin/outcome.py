"""What a test asks of a comparison in fresh paired processes. A question that is not decided never passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn

from perfkit.analyse import gates
from perfkit.report import units
from perfkit.verify.comparator import RESULT

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import Breakdown, Estimate, Gate, Report, Scrutiny, SpeedVerdict, Verdict

    Undecided = Callable[[str], NoReturn]

_WORST: tuple[Verdict, ...] = (
    "different",
    "inconclusive",
    "not checked",
    "statistically equivalent",
    "equal within tolerance",
    "identical",
)


class Claim:
    """Something said of a speedup: true, false, or not decided, which as a condition ends the test.

    Attributes
    ----------
    state
        What the interval says of it.
    sentence
        Why.
    """

    __slots__ = ("_undecided", "sentence", "state")

    def __init__(
        self, state: Literal["holds", "refuted", "inconclusive"], sentence: str, undecided: Undecided
    ) -> None:
        self.state = state
        self.sentence = sentence
        self._undecided = undecided

    def __bool__(self) -> bool:
        __tracebackhide__ = True
        if self.state == "inconclusive":
            self._undecided(self.sentence)
        return self.state == "holds"

    def __repr__(self) -> str:
        return f"<{self.state}: {self.sentence}>"


class Speedup:
    """A speedup that is compared with numbers by its interval, not by its value.

    ``speedup > 2`` is true if the interval that verdicts are made from lies above 2, and false if it lies
    below; if it holds 2, the test ends as inconclusive, so that ``not speedup > 2`` is sound as well.

    Attributes
    ----------
    value
        The point estimate: the median of the paired ratios, which no test should be made to depend on.
    low, high
        The interval at 95 %; None from one pair.
    sure_low, sure_high
        The wider one, from which verdicts are made.
    """

    __slots__ = ("_estimate", "_sides", "_undecided")

    def __init__(self, estimate: Estimate, sides: str, undecided: Undecided) -> None:
        self._estimate = estimate
        self._sides = sides
        self._undecided = undecided

    @property
    def value(self) -> float:
        """The point estimate."""
        return self._estimate.value

    @property
    def low(self) -> float | None:
        """The lower end at 95 %."""
        return self._estimate.low

    @property
    def high(self) -> float | None:
        """The upper end at 95 %."""
        return self._estimate.high

    @property
    def sure_low(self) -> float | None:
        """The lower end that verdicts are made from."""
        return self._estimate.sure_low

    @property
    def sure_high(self) -> float | None:
        """The upper end that verdicts are made from."""
        return self._estimate.sure_high

    def beyond(self, limit: float) -> Claim:
        """Say whether the speedup is more than a limit."""
        low, high = self._estimate.sure_low, self._estimate.sure_high
        seen = f"{self._sides}: {self!r}"
        if low is None or high is None or low == high:
            n = "one pair gives no interval" if low is None else "all pairs gave the same ratio"
            return Claim("inconclusive", f"{seen}; {n}, measure more pairs", self._undecided)
        between = f"from {_digits(low, limit)} to {_digits(high, limit)}"
        if low > limit:
            return Claim("holds", f"{seen}, surely above {limit:g}x", self._undecided)
        if high <= limit:
            return Claim("refuted", f"{seen}, surely not above {limit:g}x", self._undecided)
        return Claim(
            "inconclusive",
            f"{seen}; the interval that verdicts are made from, {between}, holds {limit:g}x; "
            f"target={limit:g} or a longer budget has more pairs measured",
            self._undecided,
        )

    def __gt__(self, limit: float) -> bool:
        __tracebackhide__ = True
        return bool(self.beyond(limit))

    def __ge__(self, limit: float) -> bool:
        __tracebackhide__ = True
        return bool(self.beyond(limit))

    def __lt__(self, limit: float) -> bool:
        __tracebackhide__ = True
        return not self.beyond(limit)

    def __le__(self, limit: float) -> bool:
        __tracebackhide__ = True
        return not self.beyond(limit)

    def __eq__(self, other: object) -> bool:
        raise TypeError("a measured speedup equals no number: compare it with > or <")

    def __hash__(self) -> int:
        return id(self)

    def __float__(self) -> float:
        return self._estimate.value

    def __repr__(self) -> str:
        return f"{units.ratio(self._estimate)} {units.interval(self._estimate)}"


def _digits(value: float, limit: float) -> str:
    """Print a ratio with as many digits as it takes to tell it from the limit."""
    digits = 3
    while digits < _MOST_DIGITS and value != limit and float(f"{value:.{digits}g}") == limit:
        digits += 1
    return f"{value:.{digits}g}x"


_MOST_DIGITS = 17


class Outcome:
    """A comparison of two callables in fresh paired processes.

    Attributes
    ----------
    report
        The comparison and all that was found in its runs.
    baseline, contender
        Their names.
    """

    __slots__ = ("_undecided", "baseline", "contender", "report")

    def __init__(self, report: Report, undecided: Undecided) -> None:
        self.report = report
        self.baseline = report.comparison.baseline.name
        self.contender = report.comparison.contender.name
        self._undecided = undecided

    @property
    def _breakdown(self) -> Breakdown:
        return self.report.breakdown

    @property
    def speedup(self) -> Speedup:
        """Baseline's time / contender's time: above 1, the contender is faster."""
        return Speedup(self._breakdown.run, f"{self.baseline} → {self.contender}", self._undecided)

    @property
    def verdict(self) -> SpeedVerdict:
        """On speed: ``faster``, ``slower``, ``no difference`` or ``inconclusive``."""
        return self._breakdown.verdict

    @property
    def pairs(self) -> int:
        """How many pairs were measured."""
        return len(self.report.comparison.pairs)

    @property
    def outputs(self) -> Verdict:
        """The worst verdict on what the two returned, over all ordinary inputs that were tried."""
        return outputs_of(self.report.comparison.scrutiny)

    def faster_than(self, factor: float) -> Claim:
        """Say whether the contender is more than so many times as fast; for ``assert``."""
        return self.speedup.beyond(factor)

    def assert_faster(self, by: float = 1.0) -> None:
        """Fail unless the contender is surely more than so many times as fast.

        Parameters
        ----------
        by
            The factor: 1.5 for "at least one and a half times as fast".

        Raises
        ------
        AssertionError
            If it surely is not. What is not decided fails or skips the test, as ``--perfkit-inconclusive``
            says.
        """
        __tracebackhide__ = True
        if by == 1 and self.verdict == "no difference":
            raise AssertionError(f"not faster: {self!r}")
        claim = self.faster_than(by)
        if not claim:
            raise AssertionError(f"not {f'more than {by:g}x as fast' if by != 1 else 'faster'}: {self!r}")

    def assert_equal(self) -> None:
        """Fail unless the two return the same on all ordinary inputs that were tried.

        Raises
        ------
        AssertionError
            If an output differs, or a trick was found. What was not compared or not decided fails or skips
            the test as ``--perfkit-inconclusive`` says.
        """
        __tracebackhide__ = True
        scrutiny = self.report.comparison.scrutiny
        wrong = gates.failed_outputs(scrutiny)
        if wrong:
            raise AssertionError("\n".join([f"not equal: {self!r}", *wrong, *differences(scrutiny)]))
        if self.outputs == "not checked":
            self._undecided(f"{self!r}: {not_checked(scrutiny)}")
        for sentence in gates.undecided_outputs(scrutiny):
            self._undecided(f"{self!r}: {sentence}")

    def assert_held(self) -> None:
        """Fail unless the comparison keeps to all that it is held to: not slower, its target, its outputs.

        Raises
        ------
        AssertionError
            If one of these fails; what is not decided fails or skips the test.
        """
        __tracebackhide__ = True
        failed = gates.reasons(self.report.gates, "failed")
        if failed:
            more = differences(self.report.comparison.scrutiny)
            raise AssertionError("\n".join([repr(self), *(f"gate failed: {one}" for one in failed), *more]))
        open_ = gates.reasons(self.report.gates, "undecided")
        if open_:
            self._undecided(f"{self!r}: {'; '.join(open_)}")

    @property
    def gates(self) -> tuple[Gate, ...]:
        """All that the comparison is held to, judged."""
        return self.report.gates

    def __repr__(self) -> str:
        comparison = self.report.comparison
        count = f"{self.pairs} {'pair' if self.pairs == 1 else 'pairs'}"
        return (
            f"<{self.baseline} → {self.contender}: {self.speedup!r}, {count}, {self.verdict}, "
            f"outputs {self.outputs}; perfkit report {comparison.id} --pipeline {comparison.pipeline.name}>"
        )


def outputs_of(scrutiny: Scrutiny) -> Verdict:
    """Return the worst verdict on the results, over all ordinary inputs; `not checked` if there is none.

    A stage that has no counterpart leaves nothing open as long as what comes of it is compared.
    """
    found = {
        one.verdict
        for trial in scrutiny.verifications
        if trial.kind != "edge"
        for one in trial.stages
        if one.stage == RESULT or one.verdict in {"different", "inconclusive"}
    }
    found |= {scrutiny.timed.verdict} if scrutiny.timed is not None else set()
    return next((one for one in _WORST if one in found), "not checked")


def differences(scrutiny: Scrutiny) -> list[str]:
    """Return what differs where, a line each, for a failing test."""
    found = [
        f"{one.stage} on {trial.name}: {one.reason}"
        for trial in scrutiny.verifications
        if trial.kind != "edge"
        for one in trial.stages
        if one.verdict == "different"
    ]
    if not found and scrutiny.timed is not None and scrutiny.timed.verdict == "different":
        found.append(f"in the timed runs: {scrutiny.timed.reason}")
    return found[:_MOST_LINES] + (
        [f"and {len(found) - _MOST_LINES} more"] if len(found) > _MOST_LINES else []
    )


def not_checked(scrutiny: Scrutiny) -> str:
    """Say why outputs were not compared."""
    reasons = [
        f"{trial.name}: {one.reason}"
        for trial in scrutiny.verifications
        for one in trial.stages
        if one.stage == RESULT and one.verdict == "not checked" and one.reason
    ]
    return f"the outputs were not compared ({reasons[0] if reasons else 'verify=True compares them'})"


_MOST_LINES = 5
