"""The functions of ``import perfkit``: what the command line does, for scripts and notebooks.

Sides are what the command line takes (names of variants, paths of scripts, ``pkg.mod:func``, ...), or
callables. All keywords are called as the options are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from perfkit.analyse.stats import SMALLEST_EFFECT
from perfkit.api import comparison, profiles, reports, scaling, timing, verification
from perfkit.api.bench import TIMEOUT_S
from perfkit.api.pairs import BUDGET_S, PRECISION, Plan
from perfkit.errors import UsageError
from perfkit.model import Gates
from perfkit.python import checked, stored
from perfkit.python.asked import Asked
from perfkit.python.outcomes import (
    ComparisonResult,
    ProfileResult,
    ScalingResult,
    TimingResult,
    VerificationResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from perfkit.model import Event, Scalar

    Side: TypeAlias = str | Path | Callable[..., Any]
    Maker: TypeAlias = str | Callable[..., Any]
    Listener: TypeAlias = Callable[[Event], None]
    Result: TypeAlias = ComparisonResult | VerificationResult | ScalingResult | TimingResult | ProfileResult


def compare(
    *sides: Side,
    make_inputs: Maker | None = None,
    pipeline: str | None = None,
    set: Mapping[str, Scalar] | None = None,  # noqa: A002  the option's name
    seed: int = 0,
    budget: float = BUDGET_S,
    precision: float = PRECISION,
    smallest_effect: float = SMALLEST_EFFECT,
    decide: bool = False,
    pairs: int | None = None,
    fork: bool = False,
    warm: int | bool | None = None,
    verify: bool = True,
    profile: bool = True,
    scale: bool = True,
    line_limit: float = profiles.LINE_LIMIT_S,
    stages: Sequence[str] = (),
    find_stages: bool = True,
    inputs: Maker | None = None,
    commands: Sequence[str] = (),
    arguments: Sequence[str] = (),
    python: str | Sequence[str] = (),
    keep_home: bool = False,
    dirty: bool = False,
    benchmark: str | None = None,
    timeout: float = TIMEOUT_S,
    fail_if_slower: float | Mapping[str, float] | None = None,
    fail_below: float | None = None,
    require_verified: bool = False,
    output: str | Path | None = None,
    progress: bool = False,
    listener: Listener | None = None,
) -> ComparisonResult:
    """Measure, verify and profile two sides, and write the report.

    Parameters
    ----------
    sides
        The baseline, then the contender: words as on the command line, or callables that a fresh process can
        import. In a notebook, also functions that its cells define.
    make_inputs, inputs
        What makes the argument of callables: called with a seed and the parameters of `set`. A tuple is
        spread over the callable's parameters. Without it callables are called without arguments.
    pipeline
        Which one, where there are several.
    set
        Parameters of ``make_inputs``: numbers, texts, truth values or None.
    budget
        Seconds for the timed pairs.
    precision, smallest_effect
        As shares: 0.05 for 5 %.
    decide
        Enough when the verdict is certain, however wide the interval.
    pairs
        Exactly so many instead.
    warm
        Time so many calls after the first; True or 0 for as many as make sense.
    stages
        Functions that are stages: ``extract``, ``Class.method``, ``pkg.mod:Class.method``.
    commands
        Whole commands in any language, instead of `sides`.
    arguments
        Of scripts and modules.
    python
        An interpreter for both sides, or two of them.
    dirty, benchmark
        Of git revisions: the last side is the working tree; whose copy of the benchmark file they run, the
        ``contender``'s, the ``baseline``'s, each its ``own``, or the one that lies ``here``.
    timeout
        Seconds for each process.
    fail_if_slower
        A share that the contender may be slower, such as 0.02; or one for each stage by its name, the whole
        under an empty one. See ``failed`` of the result.
    fail_below, require_verified
        The least speedup; whether the outputs must be verified.
    output
        Where a copy of the report goes; of the page, if it ends in ``.html``.
    progress, listener
        Whether to show what is under way; a function that gets each `perfkit.model.Event`.

    Returns
    -------
    ComparisonResult
        In the store, as ``perfkit compare`` leaves it.

    Raises
    ------
    UsageError
        If something does not exist or makes no sense; nothing was measured then.
    PerfkitError
        If a run fails, or the user interrupts it; what is finished is kept.

    Examples
    --------
    >>> result = perfkit.compare("baseline", "optimized", pipeline="words", budget=60)
    >>> result.speedup.ratio, result.verdict, result.equality.verified
    (12.3, 'faster', True)
    """
    plan, words = _plan(
        budget=budget,
        precision=precision,
        smallest_effect=smallest_effect,
        decide=decide,
        pairs=pairs,
        fork=fork,
        warm=warm,
    )
    held = _gates(fail_if_slower, fail_below, require_verified=require_verified, verify=verify)
    line_limit = checked.number("line_limit", line_limit)
    asked = Asked(
        things=sides,
        make_inputs=make_inputs,
        inputs=inputs,
        commands=commands,
        arguments=arguments,
        pipeline=pipeline,
        set=set,
        seed=seed,
        timeout=timeout,
        stages=stages,
        find_stages=find_stages,
        python=python,
        keep_home=keep_home,
        dirty=dirty,
        benchmark=benchmark,
        listener=listener,
        progress=progress,
    )
    with asked.listening() as listening:
        found = asked.find(listening)
        baseline, contender = found.two()
        bench = found.sides.bench
        words += () if verify else ("--no-verify",)
        words += () if profile else ("--no-profile",)
        words += () if scale else ("--no-scale",)
        typed = ["perfkit", "compare", *words, *found.words]
        growth = ""
        if scale and bench.pipeline.sizes:
            growth = scaling.scale(bench, (baseline, contender), command=typed).id
        made = comparison.compare(
            bench,
            baseline,
            contender,
            plan,
            verifying=verify,
            profiling=profile,
            line_limit_s=line_limit,
            scaling=growth,
            finding=find_stages,
            gates=held,
            command=typed,
        )
        report = reports.load(bench, made.id)
        written = reports.write(bench, report, None if output is None else Path(output))
    return ComparisonResult(bench, report, written)


def verify(
    *sides: Side,
    make_inputs: Maker | None = None,
    pipeline: str | None = None,
    set: Mapping[str, Scalar] | None = None,  # noqa: A002
    seed: int = 0,
    thorough: bool = False,
    stages: Sequence[str] = (),
    find_stages: bool = True,
    inputs: Maker | None = None,
    commands: Sequence[str] = (),
    arguments: Sequence[str] = (),
    python: str | Sequence[str] = (),
    keep_home: bool = False,
    dirty: bool = False,
    benchmark: str | None = None,
    timeout: float = TIMEOUT_S,
    require_verified: bool = False,
    progress: bool = False,
    listener: Listener | None = None,
) -> VerificationResult:
    """Compare every stage's output on many inputs, and look for tricks; nothing is timed.

    Parameters
    ----------
    sides
        As for `compare`, and so are all other keywords.
    thorough
        Search small inputs with hypothesis, too.
    require_verified
        Whether outputs that are not verified are a failure, and not only undecided.

    Returns
    -------
    VerificationResult
        In the store.

    Raises
    ------
    PerfkitError
        As for `compare`.
    """
    asked = Asked(
        things=sides,
        make_inputs=make_inputs,
        inputs=inputs,
        commands=commands,
        arguments=arguments,
        pipeline=pipeline,
        set=set,
        seed=seed,
        timeout=timeout,
        stages=stages,
        find_stages=find_stages,
        python=python,
        keep_home=keep_home,
        dirty=dirty,
        benchmark=benchmark,
        listener=listener,
        progress=progress,
    )
    with asked.listening() as listening:
        found = asked.find(listening)
        baseline, contender = found.two()
        words = [*(["--thorough"] if thorough else []), *found.words]
        made = verification.verify(
            found.sides.bench,
            baseline,
            contender,
            thorough=thorough,
            finding=find_stages,
            command=["perfkit", "verify", *words],
        )
    return VerificationResult(found.sides.bench, made, required=require_verified)


def run(
    *sides: Side,
    make_inputs: Maker | None = None,
    pipeline: str | None = None,
    set: Mapping[str, Scalar] | None = None,  # noqa: A002
    seed: int = 0,
    times: int = 1,
    against: str | None = None,
    stages: Sequence[str] = (),
    find_stages: bool = True,
    inputs: Maker | None = None,
    commands: Sequence[str] = (),
    arguments: Sequence[str] = (),
    python: str | Sequence[str] = (),
    keep_home: bool = False,
    dirty: bool = False,
    benchmark: str | None = None,
    timeout: float = TIMEOUT_S,
    progress: bool = False,
    listener: Listener | None = None,
) -> TimingResult:
    """Time one variant, each time in a fresh process. A time alone is no speedup.

    Parameters
    ----------
    sides
        One, as for `compare`; so are all other keywords.
    times
        How many processes.
    against
        Id of a stored run or comparison to set beside these, without a verdict.

    Returns
    -------
    TimingResult
        Its runs are in the store.

    Raises
    ------
    PerfkitError
        As for `compare`.
    """
    times = checked.whole("times", times, least=1)
    asked = Asked(
        things=sides,
        make_inputs=make_inputs,
        inputs=inputs,
        commands=commands,
        arguments=arguments,
        pipeline=pipeline,
        set=set,
        seed=seed,
        timeout=timeout,
        stages=stages,
        find_stages=find_stages,
        python=python,
        keep_home=keep_home,
        dirty=dirty,
        benchmark=benchmark,
        listener=listener,
        progress=progress,
    )
    with asked.listening() as listening:
        found = asked.find(listening)
        bench, name = found.sides.bench, found.one()
        beside = timing.stored_runs(bench, name, against) if against is not None else []
        made = timing.run(bench, name, times=times)
    return TimingResult(bench, made, beside)


def profile(
    *sides: Side,
    make_inputs: Maker | None = None,
    pipeline: str | None = None,
    set: Mapping[str, Scalar] | None = None,  # noqa: A002
    seed: int = 0,
    profilers: str | Sequence[str] = profiles.DEFAULT,
    line_limit: float = profiles.LINE_LIMIT_S,
    stages: Sequence[str] = (),
    find_stages: bool = True,
    inputs: Maker | None = None,
    commands: Sequence[str] = (),
    arguments: Sequence[str] = (),
    python: str | Sequence[str] = (),
    keep_home: bool = False,
    dirty: bool = False,
    benchmark: str | None = None,
    timeout: float = TIMEOUT_S,
    progress: bool = False,
    listener: Listener | None = None,
) -> ProfileResult:
    """Profile variants, each profiler in a process of its own: where the time goes, never how much faster.

    Parameters
    ----------
    sides
        One or several, as for `compare`; so are all other keywords.
    profilers
        Their names: cprofile, line, sampling, memory, torch, or one plugged in.
    line_limit
        About how many seconds the first one's line profile may take; 0 for none.

    Returns
    -------
    ProfileResult
        Its runs are in the store.

    Raises
    ------
    PerfkitError
        As for `compare`.
    """
    line_limit = checked.number("line_limit", line_limit)
    names = checked.words("profilers", profilers)
    asked = Asked(
        things=sides,
        make_inputs=make_inputs,
        inputs=inputs,
        commands=commands,
        arguments=arguments,
        pipeline=pipeline,
        set=set,
        seed=seed,
        timeout=timeout,
        stages=stages,
        find_stages=find_stages,
        python=python,
        keep_home=keep_home,
        dirty=dirty,
        benchmark=benchmark,
        listener=listener,
        progress=progress,
    )
    with asked.listening() as listening:
        found = asked.find(listening)
        bench = found.sides.bench
        made = profiles.profile(bench, found.sides.names, profilers=names, line_limit_s=line_limit)
    return ProfileResult(bench, made)


def scale(
    *sides: Side,
    make_inputs: Maker | None = None,
    pipeline: str | None = None,
    set: Mapping[str, Scalar] | None = None,  # noqa: A002
    seed: int = 0,
    sizes: Sequence[int] = (),
    first: int | None = None,
    last: int | None = None,
    steps: int | None = None,
    claims: Mapping[str, str] | None = None,
    budget: float = scaling.BUDGET_S,
    output: str | Path | None = None,
    stages: Sequence[str] = (),
    find_stages: bool = True,
    inputs: Maker | None = None,
    commands: Sequence[str] = (),
    arguments: Sequence[str] = (),
    python: str | Sequence[str] = (),
    keep_home: bool = False,
    dirty: bool = False,
    benchmark: str | None = None,
    timeout: float = TIMEOUT_S,
    progress: bool = False,
    listener: Listener | None = None,
) -> ScalingResult:
    """Measure how the cost of each stage grows with the size of the input.

    Parameters
    ----------
    sides
        One to four, as for `compare`; so are all other keywords. The others are compared with the first.
    sizes
        At least five; or else `first`, `last` and how many `steps` between them.
    claims
        By stage (``run`` for all, ``variant:stage`` for one variant's): a claimed growth, such as ``n^2``.
    budget
        Seconds for all rounds; one is measured in any case.

    Returns
    -------
    ScalingResult
        In the store, with its report.

    Raises
    ------
    PerfkitError
        As for `compare`.
    """
    if sizes and (first, last, steps) != (None, None, None):
        raise UsageError("sizes names the sizes; leave out first, last and steps")
    wanted = scaling.Range(
        sizes=tuple(checked.whole("sizes", one, least=1) for one in sizes),
        first=None if first is None else checked.whole("first", first, least=1),
        last=None if last is None else checked.whole("last", last, least=1),
        steps=None if steps is None else checked.whole("steps", steps, least=5),
    )
    budget = checked.number("budget", budget, open_end=True)
    asked = Asked(
        things=sides,
        make_inputs=make_inputs,
        inputs=inputs,
        commands=commands,
        arguments=arguments,
        pipeline=pipeline,
        set=set,
        seed=seed,
        timeout=timeout,
        stages=stages,
        find_stages=find_stages,
        python=python,
        keep_home=keep_home,
        dirty=dirty,
        benchmark=benchmark,
        listener=listener,
        progress=progress,
    )
    words = [*(["--sizes", ",".join(map(str, wanted.sizes))] if wanted.sizes else [])]
    for name, value in (("--from", first), ("--to", last), ("--steps", steps)):
        words += [name, str(value)] if value is not None else []
    for stage, law in (claims or {}).items():
        words += ["--claim", f"{stage}={law}"]
    words += ["--budget", f"{budget:g}"] if budget != scaling.BUDGET_S else []
    with asked.listening() as listening:
        found = asked.find(listening)
        bench = found.sides.bench
        made = scaling.scale(
            bench,
            found.sides.names,
            wanted=wanted,
            budget_s=budget,
            claims=claims,
            command=["perfkit", "scale", *words, *found.words],
        )
        report = scaling.load(bench, made.id)
        written = scaling.write(bench, report, None if output is None else Path(output))
    return ScalingResult(bench, report, written)


@overload
def load(id: None = None, pipeline: str | None = None) -> ComparisonResult: ...
@overload
def load(id: str, pipeline: str | None = None) -> Result: ...
def load(id: str | None = None, pipeline: str | None = None) -> Result:  # noqa: A002  what it is called everywhere
    """Return what is stored: nothing is measured.

    Parameters
    ----------
    id
        Of a comparison, a verification, a scaling or a run, or an unambiguous part of it. Without it, the
        latest comparison.
    pipeline
        Whose; without it, all are searched for `id`, and the usual one's latest comparison is taken.

    Raises
    ------
    UsageError
        If there is no such thing, or several.
    StoreError
        If it cannot be read.
    """
    return stored.load(id, pipeline)


def _plan(
    *,
    budget: float,
    precision: float,
    smallest_effect: float,
    decide: bool,
    pairs: int | None,
    fork: bool,
    warm: int | bool | None,
) -> tuple[Plan, tuple[str, ...]]:
    """Return how long to measure, and how; with the options that say so."""
    plan = Plan(
        budget_s=checked.number("budget", budget, open_end=True),
        precision=checked.share("precision", precision),
        smallest_effect=checked.share("smallest_effect", smallest_effect),
        decided_is_enough=bool(decide),
        pairs=None if pairs is None else checked.whole("pairs", pairs, least=1),
        forking=bool(fork),
        warm=None if warm is None or warm is False else 0 if warm is True else checked.whole("warm", warm),
    )
    words: list[str] = []
    for name, value, usual in (
        ("--budget", plan.budget_s, BUDGET_S),
        ("--precision", plan.precision, PRECISION),
        ("--smallest-effect", plan.smallest_effect, SMALLEST_EFFECT),
        ("--pairs", plan.pairs, None),
        ("--warm", plan.warm, None),
    ):
        words += [name, f"{value:g}"] if value is not None and value != usual else []
    words += ["--decide"] if decide else []
    words += ["--fork"] if fork else []
    return plan, tuple(words)


def _gates(
    slower: float | Mapping[str, float] | None, below: float | None, *, require_verified: bool, verify: bool
) -> Gates | None:
    """Return what the comparison is held to; None if nothing was asked."""
    if require_verified and not verify:
        raise UsageError("require_verified needs the outputs compared: leave out verify=False")
    limits = slower if isinstance(slower, Mapping) else {} if slower is None else {"": slower}
    asked = Gates(
        slower={
            stage: checked.share("fail_if_slower", limit, or_none=True) for stage, limit in limits.items()
        },
        least=None if below is None else checked.number("fail_below", below, least=1),
        verified=bool(require_verified),
    )
    return None if asked == Gates() else asked
