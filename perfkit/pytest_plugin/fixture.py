"""The fixture: time a function in this process, compare callables in fresh ones."""

from __future__ import annotations

import dataclasses
import functools
import gc
import inspect
import time
from typing import TYPE_CHECKING, Any

import pytest

from perfkit import catalog
from perfkit.analyse import unpaired
from perfkit.errors import InterruptedEarlyError, PerfkitError, RunError
from perfkit.model import BenchmarkFile, InProcessTiming, Unpaired
from perfkit.pytest_plugin import clock, marks, profiles
from perfkit.pytest_plugin.found import Found
from perfkit.pytest_plugin.gathering import FOUND, PASSED, Gathering
from perfkit.pytest_plugin.settings import Against, load
from perfkit.python import callables
from perfkit.report import units
from perfkit.verify import watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from perfkit.model import Scalar
    from perfkit.pytest_plugin.marks import Mark
    from perfkit.pytest_plugin.outcome import Outcome
    from perfkit.pytest_plugin.settings import Settings

_PLAIN_CALL_S = 1e-6
"""Below this, what any call takes is told beside it."""


def begin(request: pytest.FixtureRequest) -> Iterator[Perfkit]:
    """Make the fixture of one test; skips the test where nothing can be timed."""
    __tracebackhide__ = True
    settings = Gathering.of(request.config).settings
    item: pytest.Item = request.node
    mark = marks.read(item)
    if settings.workers > 1 and not settings.disabled:
        why = (
            f"perfkit times nothing while {settings.workers} workers of pytest-xdist run tests beside each "
            "other: run these tests with -n 0 or -n 1, or with --perfkit-disable"
        )
        if settings.strict:
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    made = Perfkit(request, settings, mark)
    yield made
    if mark.baseline is not None and not made.called and item.stash.get(PASSED, False):
        pytest.fail(
            f"{item.name} passed without calling perfkit: the comparison that its marker asks for was not "
            "made",
            pytrace=False,
        )


class Perfkit:
    """Times functions of one test, and compares callables for it.

    Attributes
    ----------
    timing
        The latest timing in this process; None before the first.
    outcome
        The latest comparison in fresh paired processes; None before the first.
    """

    def __init__(self, request: pytest.FixtureRequest, settings: Settings, mark: Mark) -> None:
        self._request = request
        self._settings = settings
        self._mark = mark
        self._item: pytest.Item = request.node
        self._found = self._item.stash.setdefault(FOUND, Found())
        self.timing: InProcessTiming | None = None
        self.outcome: Outcome | None = None
        self.called = False

    # ------------------------------------------------------------ in this process

    def __call__(
        self,
        function: Callable[..., Any],
        /,
        *arguments: Any,
        make_inputs: Callable[..., object] | None = None,
        **named: Any,
    ) -> Any:
        """Time a function in this process, and return what its first call returned.

        Parameters
        ----------
        function
            Is called again and again: what it changes stays changed.
        arguments, named
            The same for all calls.
        make_inputs
            Instead of arguments: makes the argument of each call anew, outside of the timed part; a tuple is
            several. If it takes a seed, that is 0.

        Returns
        -------
        object
            The result of the first call.
        """
        __tracebackhide__ = True
        if not callable(function):
            pytest.fail(f"perfkit: {function!r} cannot be called: hand over the function, not its result")
        if make_inputs is not None and (arguments or named):
            pytest.fail("perfkit: give either arguments or make_inputs, not both")
        self.called = True
        make = None if make_inputs is None else _without_seed(make_inputs)

        def call() -> Any:
            return function(*(arguments if make is None else _spread(make())), **named)

        if self._settings.disabled:
            return call()
        inputs = arguments if make is None else _spread(make())
        begin = time.perf_counter()
        result = function(*inputs, **named)
        first_s = time.perf_counter() - begin
        del inputs
        _refuse_unfinished(result, function)
        timing = self._time(function, arguments, named, make, first_s)
        self._keep(timing)
        if self._settings.profilers:
            self._profile(call, function, timing.index)
        for against in self._earlier():
            self._set_beside(timing, against)
        if self._mark.baseline is not None:
            self._compare_with_baseline(function, arguments, named, make_inputs)
        return result

    def _time(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        named: dict[str, Any],
        make: Callable[[], object] | None,
        first_s: float,
    ) -> InProcessTiming:
        __tracebackhide__ = True
        tracers = watch.tracers()
        read = time.perf_counter
        batch = (
            clock.same_arguments(function, arguments, named, read)
            if make is None
            else clock.own_inputs(function, make, read, spread=type(make()) is tuple)
        )
        seconds = self._settings.seconds if self._mark.seconds is None else self._mark.seconds
        timed = clock.measure(batch, seconds=seconds, small_batches=make is not None)
        tracers += [one for one in watch.tracers() if one not in tracers]
        return InProcessTiming(
            test=self._item.nodeid,
            index=len(self._found.timings),
            function=callables.name_of(function),
            median_s=timed.median_s,
            low_s=timed.low_s,
            high_s=timed.high_s,
            values_s=timed.values_s,
            samples=len(timed.values_s),
            calls=timed.calls,
            first_s=first_s,
            own_inputs=make is not None,
            tracers=tuple(tracers),
            garbage_collected=gc.isenabled(),
            notes=tuple(_notes(timed, arguments, named, own=make is not None)),
        )

    def _keep(self, timing: InProcessTiming) -> None:
        self.timing = timing
        self._found.timings.append(timing)
        self._record("median_s", timing.median_s, timing.index)
        if timing.low_s is not None and timing.high_s is not None:
            self._record("low_s", timing.low_s, timing.index)
            self._record("high_s", timing.high_s, timing.index)
        self._record("samples", timing.samples, timing.index)
        if timing.tracers:
            self._record("traced_by", ", ".join(timing.tracers), timing.index)

    def _record(self, name: str, value: object, index: int) -> None:
        """Add a property for JUnit's XML."""
        self._item.user_properties.append((f"perfkit_{name}" + (f"_{index + 1}" if index else ""), value))

    def _profile(self, call: Callable[[], object], function: Callable[..., object], index: int) -> None:
        folder = self._folder() / "profiles" / profiles.folder_name(self._item.nodeid)
        files, problems = profiles.take(
            call, function, self._settings.profilers, folder / str(index + 1) if index else folder
        )
        self._found.profiles += map(str, files)
        self._found.problems += problems

    def _folder(self) -> Path:
        return catalog.open_project(self._settings.root).reports("pytest")

    # ------------------------------------------------------------ beside earlier runs

    def _earlier(self) -> Iterator[Against]:
        __tracebackhide__ = True
        if self._settings.against is not None:
            yield self._settings.against
        if self._mark.stored:
            try:
                yield load(self._settings.root, self._mark.stored)
            except pytest.UsageError as error:
                pytest.fail(f"perfkit: {error}", pytrace=False)

    def _set_beside(self, timing: InProcessTiming, against: Against) -> None:
        """Note an earlier timing beside this one, and fail if that was asked for."""
        __tracebackhide__ = True
        now = BenchmarkFile(tool="perfkit", timings=(timing,))
        pair = next(one for one in unpaired.match(against.content, now) if one.after is not None)
        self._found.beside.append((against.name, pair))
        if pair.ratio is not None:
            self._record("then_over_now_not_paired", pair.ratio, timing.index)
        limit = self._settings.fail_if_slower
        if limit is None or pair.before is None or against is not self._settings.against:
            return
        slower = unpaired.slower(pair, limit)
        if slower is None:
            why = "; ".join(pair.caveats) or "a median is 0"
            self._settings.undecided(f"whether it is slower than in {against.name!r}: {why}")
        if slower:
            pytest.fail(_slower(pair, against.name, limit), pytrace=False)

    # ------------------------------------------------------------ in fresh processes

    def compare(
        self,
        old: Callable[..., object] | str,
        new: Callable[..., object] | str,
        *,
        make_inputs: Callable[..., object] | str | None = None,
        target: float | None = None,
        pairs: int | None = None,
        budget: float | None = None,
        rtol: float | None = None,
        verify: bool = True,
        parameters: dict[str, Scalar] | None = None,
    ) -> Outcome:
        """Compare two callables in fresh paired processes.

        Parameters
        ----------
        old, new
            Importable callables of one argument, or words as on the command line.
        make_inputs
            Importable too; makes the argument from a seed, and serves both.
        target
            The speedup that the test will ask for: pairs are measured until it is decided.
        pairs
            Exactly so many pairs instead.
        budget
            Seconds for the pairs; ``--perfkit-budget`` without it.
        rtol
            The tolerance for floating-point values of the result; the defaults by dtype without it.
        verify
            Whether the outputs are compared, on many inputs.
        parameters
            Keyword parameters for `make_inputs`.

        Returns
        -------
        Outcome
            To be asked: ``outcome.assert_faster(by=2)``, ``assert outcome.faster_than(2)``.
        """
        __tracebackhide__ = True
        if self._settings.disabled:
            pytest.skip("--perfkit-disable: nothing is compared")
        wanted = marks.Wanted(
            make_inputs=make_inputs,
            target=target,
            pairs=pairs,
            budget=budget,
            rtol=rtol,
            verify=verify,
            parameters=parameters or {},
        )
        return self._compare(old, new, wanted)

    def _compare(
        self, old: Callable[..., object] | str, new: Callable[..., object] | str, wanted: marks.Wanted
    ) -> Outcome:
        __tracebackhide__ = True
        from perfkit.pytest_plugin import paired
        from perfkit.pytest_plugin.outcome import Outcome

        settings, problem = self._settings, ""
        try:
            report, bench = paired.compare(
                old,
                new,
                wanted,
                root=settings.root,
                budget_s=settings.budget_s,
                command=["pytest", self._item.nodeid],
            )
            short = paired.result(self._item.nodeid, report)
            if settings.profilers:
                self._found.profiles += map(
                    str, paired.profile(bench, report, settings.profilers, settings.root)
                )
        except InterruptedEarlyError as error:
            raise KeyboardInterrupt(str(error)) from error
        except PerfkitError as error:
            problem = _in_words(error)
        if problem:  # out of the handler, so that pytest shows one error and not two
            pytest.fail(problem, pytrace=False)
        index = len(self._found.comparisons)
        self._found.comparisons.append(short)
        self._record("speedup", short.speedup.value, index)
        if short.speedup.low is not None and short.speedup.high is not None:
            self._record("speedup_low", short.speedup.low, index)
            self._record("speedup_high", short.speedup.high, index)
        self._record("verdict", short.verdict, index)
        self._record("outputs", short.outputs, index)
        self.outcome = Outcome(report, settings.undecided)
        return self.outcome

    def _compare_with_baseline(
        self,
        function: Callable[..., object],
        arguments: tuple[Any, ...],
        named: dict[str, Any],
        make_inputs: Callable[..., object] | None,
    ) -> None:
        """Compare what was timed with the marker's baseline, and hold it to what the marker says."""
        __tracebackhide__ = True
        from perfkit.pytest_plugin import paired

        baseline, wanted = self._mark.baseline, self._mark.wanted
        assert baseline is not None  # noqa: S101  the caller looked
        inputs = wanted.make_inputs or make_inputs
        if inputs is None and named:
            pytest.fail(
                "perfkit: a comparison in fresh processes hands over no arguments by name "
                f"({', '.join(named)}): give them by position, or name a make_inputs in the marker",
                pytrace=False,
            )
        if inputs is None and arguments:
            folder = self._request.getfixturevalue("tmp_path_factory").mktemp("perfkit")
            inputs = paired.carried(arguments, folder)
            if inputs is None:
                pytest.fail(
                    "perfkit: the arguments cannot be pickled, and so not be handed to fresh processes: name "
                    "a make_inputs in the marker, which makes them there",
                    pytrace=False,
                )
        self._compare(baseline, function, dataclasses.replace(wanted, make_inputs=inputs)).assert_held()


def _spread(inputs: Any) -> tuple[Any, ...]:
    """Return inputs as arguments: a tuple is several, all else is one."""
    return inputs if type(inputs) is tuple else (inputs,)


def _without_seed(make_inputs: Callable[..., object]) -> Callable[[], object]:
    """Return a function without arguments: one that takes a seed, as a pipeline's does, is given 0."""
    try:
        parameters = inspect.signature(make_inputs).parameters
    except (TypeError, ValueError):
        return make_inputs
    return functools.partial(make_inputs, 0) if next(iter(parameters), "") == "seed" else make_inputs


def _refuse_unfinished(result: object, function: Callable[..., object]) -> None:
    """Fail the test where a call has not done its work when it returns."""
    __tracebackhide__ = True
    name = callables.name_of(function)
    if inspect.iscoroutine(result):
        result.close()
        pytest.fail(
            f"perfkit: {name} is a coroutine function, and calling it runs nothing: time a function that "
            f"runs it, such as lambda: asyncio.run({name}())",
            pytrace=False,
        )
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        pytest.fail(
            f"perfkit: {name} is a generator function, and calling it runs nothing: time a function that "
            f"uses it up, such as lambda: list({name}())",
            pytrace=False,
        )


def _notes(timed: clock.Timed, arguments: tuple[Any, ...], named: dict[str, Any], *, own: bool) -> list[str]:
    notes = []
    if timed.low_s is None:
        notes.append("too few samples for an interval: --perfkit-seconds gives more time")
    if timed.median_s < _PLAIN_CALL_S:
        empty_s = clock.empty_call(len(arguments), named, own=own)
        notes.append(f"calling an empty function takes {units.seconds(empty_s)}")
    return notes


def _slower(pair: Unpaired, name: str, limit: float) -> str:
    before, after = pair.before, pair.after
    assert before is not None  # noqa: S101  a ratio has two sides
    assert after is not None  # noqa: S101
    longer = after.median_s / before.median_s - 1
    return (
        f"{after.name} takes {units.seconds(after.median_s)}, {units.excess(longer)} more than the "
        f"{units.seconds(before.median_s)} of {name!r}; the limit is {100 * limit:g} %. "
        "This is not paired: the two runs were not side by side, and whatever else changed between them, the "
        "machine's load included, is part of the difference. perfkit.compare(old, new) tells it apart."
    )


def _in_words(error: PerfkitError) -> str:
    details = error.details.rstrip() if isinstance(error, RunError) else ""
    return f"perfkit: {error}" + (f"\n\n{details}" if details else "")
