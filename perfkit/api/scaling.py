"""Measure how the cost grows: every variant at several sizes, in rounds, and what its runs say."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
import shlex
import time
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.analyse import growth
from perfkit.analyse import scaling as analysis
from perfkit.api import interpreters
from perfkit.api.alone import alone
from perfkit.api.bench import with_seed
from perfkit.api.sessions import describe
from perfkit.api.timing import time_once
from perfkit.errors import InterruptedEarlyError, RunError, UsageError
from perfkit.measure import schedule, sizing
from perfkit.model import Block, Event, Scaling, TimingRun
from perfkit.report import markdown, scale_chart
from perfkit.store import new_id, replace_file, timestamp
from perfkit.verify import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from perfkit.api.bench import Bench
    from perfkit.model import PairPlan, Parameters, ScalingReport, Variant

BUDGET_S = 120.0
STEPS = 5
SMALLEST = 16
"""The default sizes begin at this part of the ordinary one."""
MOST_ROUNDS = 30
"""More would make no interval narrower than the machine is regular from size to size."""
MOST_VARIANTS = 4
_FEWEST_LEFT = 3
REPORT, CHART = "scale.md", "scale.svg"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Sizes as the user asks for them; what is None is chosen.

    Attributes
    ----------
    sizes
        The sizes themselves; the rest does not matter then.
    first, last, steps
        Geometric from the first to the last.
    """

    sizes: tuple[int, ...] = ()
    first: int | None = None
    last: int | None = None
    steps: int | None = None


@alone
def scale(
    bench: Bench,
    variant_names: Sequence[str],
    *,
    wanted: Range | None = None,
    budget_s: float = BUDGET_S,
    claims: Mapping[str, str] | None = None,
    command: Sequence[str] = (),
) -> Scaling:
    """Measure variants at several sizes, in rounds that visit each size once.

    Parameters
    ----------
    variant_names
        One to four; the first is what the others are compared with.
    wanted
        Which sizes; without any the configured ones, or five from 1/16 of the ordinary one.
    budget_s
        No further round is begun that would end after so many seconds; one is measured in any case.
    claims
        By stage or ``variant:stage``, in addition to the configured ones.
    command
        What the user typed, for the report.

    Returns
    -------
    Scaling
        In the store when this returns.

    Raises
    ------
    PerfkitError
        If what is asked for makes no sense, or so many sizes fail that fewer than three are left. If the
        user interrupts it after the first round, what is finished is stored and reported.
    """
    started_at, begin = timestamp(), time.monotonic()
    variants = _variants(bench, variant_names)
    claims = {**bench.pipeline.claims, **(claims or {})}
    claims = _own_claims(bench, claims, variant_names)
    parameters = describe(bench, variants[0], with_seed(next(schedule.plan(bench.seed)), bench.seed))
    parameter = _parameter(bench, parameters)
    sizes = choose_sizes(wanted or Range(), bench.pipeline.sizes, parameter, parameters[parameter])
    where = interpreters.look(bench, variants[0], variants[-1])
    rounds = _Rounds(bench, variants, parameter, sizes)
    interrupted = False
    try:
        rounds.measure(budget_s)
    except KeyboardInterrupt:
        if not rounds.finished:
            raise
        interrupted = True
    made = Scaling(
        id=new_id("scaling"),
        pipeline=bench.pipeline,
        variants=tuple(variants),
        parameter=parameter,
        sizes=tuple(one for one in sizes if one not in rounds.left_out),
        left_out={str(size): why for size, why in sorted(rounds.left_out.items())},
        claims=claims,
        overrides=bench.overrides,
        seed=bench.seed,
        started_at=started_at,
        duration_s=time.monotonic() - begin,
        budget_s=budget_s,
        rounds=rounds.finished,
        blocks=tuple(
            one for one in rounds.blocks if one.size not in rounds.left_out and one.round < rounds.finished
        ),
        stopped_because="it was interrupted" if interrupted else rounds.stopped_because,
        environment=where,
        command=shlex.join(command),
    )
    bench.store.write_scaling(made)
    if interrupted:
        written = write(bench, load(bench, made.id))
        kept = "1 finished round is" if made.rounds == 1 else f"{made.rounds} finished rounds are"
        raise InterruptedEarlyError(f"interrupted; {kept} kept and reported: {written[0]}")
    return made


def _variants(bench: Bench, names: Sequence[str]) -> list[Variant]:
    if len(names) > MOST_VARIANTS:
        raise UsageError(f"at most {MOST_VARIANTS} variants fit into one picture, not {len(names)}")
    twice = next((one for one in names if list(names).count(one) > 1), None)
    if twice is not None:
        raise UsageError(f"variant {twice!r} is named twice")
    return [bench.variant(one) for one in names]


def _own_claims(bench: Bench, claims: dict[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return the claims that speak of these variants, checked."""
    known = [*names, *bench.pipeline.variants]
    analysis.check_claims(claims, known, f"tool.perfkit.pipelines.{bench.pipeline.name}.claims")
    return {
        target: law
        for target, law in claims.items()
        if ":" not in target or target.partition(":")[0] in names
    }


def _parameter(bench: Bench, parameters: Parameters) -> str:
    found = bench.size_parameter(parameters)
    where = f"tool.perfkit.pipelines.{bench.pipeline.name}"
    if found is None:
        raise UsageError(
            f"which parameter of make_inputs is the size? Set size = ... in {where}; "
            f"it has: {', '.join(parameters) or 'none'}"
        )
    if type(parameters[found]) is not int:
        raise UsageError(f"{where}.size: {found!r} is {parameters[found]!r}; a size is a whole number")
    return found


def choose_sizes(wanted: Range, configured: tuple[int, ...], parameter: str, full: object) -> tuple[int, ...]:
    """Return the sizes to measure.

    Parameters
    ----------
    wanted
        What the user asks for; else the configured ones, else from 1/16 of the ordinary size.
    parameter, full
        The size's name and its ordinary value.

    Raises
    ------
    UsageError
        If they are fewer than five, do not grow, or cannot be told from whole numbers.
    """
    if wanted.sizes:
        catalog.check_sizes(wanted.sizes, "--sizes")
        return wanted.sizes
    asked = (wanted.first, wanted.last, wanted.steps) != (None, None, None)
    if configured and not asked:
        return configured
    last = wanted.last if wanted.last is not None else full
    if not isinstance(last, int) or last < 1:
        raise UsageError(f"{parameter} is {last}: give the sizes with --sizes or --from and --to")
    first = wanted.first if wanted.first is not None else max(1, round(last / SMALLEST))
    steps = wanted.steps if wanted.steps is not None else STEPS
    if first >= last:
        raise UsageError(f"sizes grow: --from {first} is not below --to {last}")
    sizes = sizing.geometric(first, last, steps)
    if len(set(sizes)) < len(sizes):
        raise UsageError(
            f"there are no {steps} different whole numbers in even factors from {first} to {last} "
            f"({parameter}): give other sizes with --sizes"
        )
    return sizes


class _Rounds:
    """Measures rounds; what is finished stays here when something stops it."""

    def __init__(
        self, bench: Bench, variants: Sequence[Variant], parameter: str, sizes: Sequence[int]
    ) -> None:
        self.blocks: list[Block] = []
        self.left_out: dict[int, str] = {}
        self.finished = 0
        self.stopped_because = ""
        self._bench = bench
        self._variants = variants
        self._parameter = parameter
        self._sizes = sizes
        # A plan for each size, so that each size sees both orders equally often.
        self._draw = random.Random(bench.seed)  # noqa: S311  not for secrets
        self._plans: dict[int, Iterator[PairPlan]] = {
            size: schedule.plan(self._draw.randrange(2**31)) for size in sizes
        }

    def measure(self, budget_s: float) -> None:
        """Measure rounds until the next one would exceed the budget."""
        begin, longest_s = time.monotonic(), 0.0
        while True:
            round_begin = time.monotonic()
            order = [one for one in self._sizes if one not in self.left_out]
            self._draw.shuffle(order)
            for place, size in enumerate(order):
                self._block(
                    size, f"round {self.finished + 1}, size {place + 1} of {len(order)}", begin, budget_s
                )
            self.finished += 1
            longest_s = max(longest_s, time.monotonic() - round_begin)
            if self.finished == MOST_ROUNDS:
                self.stopped_because = f"{MOST_ROUNDS} rounds are enough"
                return
            if time.monotonic() - begin + longest_s > budget_s:
                self.stopped_because = f"a further round would have exceeded the budget of {budget_s:g} s"
                if self.finished < growth.FEWEST_REPEATS:
                    needed = math.ceil(1.1 * growth.FEWEST_REPEATS * longest_s)
                    self.stopped_because += f"; {growth.FEWEST_REPEATS} rounds take about {needed} s"
                return

    def _block(self, size: int, where: str, begin: float, budget_s: float) -> None:
        planned = next(self._plans[size])
        order = self._order(planned)
        sized = dataclasses.replace(self._bench, overrides={**self._bench.overrides, self._parameter: size})
        runs: dict[str, TimingRun] = {}
        for variant in order:
            left_s = max(0.0, budget_s - (time.monotonic() - begin))
            self._bench.listener(
                Event(
                    phase="measuring",
                    doing=f"{where}: {variant.name} at {size:,}",
                    done=self.finished,
                    of=None,
                    left_s=left_s,
                )
            )
            try:
                runs[variant.name] = time_once(sized, variant, planned)
            except RunError as error:
                self._leave_out(size, error)
                return
        self.blocks.append(
            Block(
                round=self.finished,
                size=size,
                seed=planned.seed,
                order=tuple(one.name for one in order),
                runs=tuple(runs[one.name].id for one in self._variants),
            )
        )

    def _order(self, planned: PairPlan) -> list[Variant]:
        if len(self._variants) == 2:  # noqa: PLR2004  a pair
            first, second = self._variants
            return [first, second] if planned.order[0] == "baseline" else [second, first]
        shuffled = list(self._variants)
        random.Random(planned.seed).shuffle(shuffled)  # noqa: S311  not for secrets
        return shuffled

    def _leave_out(self, size: int, error: RunError) -> None:
        """Go on without a size that fails; raise if too few are left to show anything."""
        self.left_out[size] = str(error)
        left = len(self._sizes) - len(self.left_out)
        if left < _FEWEST_LEFT:
            sizes = ", ".join(f"{one:,}" for one in sorted(self.left_out))
            raise RunError(
                f"{len(self.left_out)} of {len(self._sizes)} sizes fail ({self._parameter} = {sizes}), "
                f"the last one because {error}",
                error.details,
            ) from error


def load(bench: Bench, scaling_id: str | None = None) -> ScalingReport:
    """Assemble the report of a stored scaling.

    Parameters
    ----------
    scaling_id
        Its id; the latest without one.

    Raises
    ------
    UsageError
        If there is none.
    StoreError
        If it or one of its runs cannot be read.
    """
    store = bench.store
    if scaling_id is None:
        known = store.scaling_ids()
        if not known:
            raise UsageError(
                f"there is no stored scaling of pipeline {bench.pipeline.name!r}: run perfkit scale"
            )
        scaling_id = known[-1]
    scaling = store.read_scaling(scaling_id)
    runs = {}
    for block, index in itertools.product(scaling.blocks, range(len(scaling.variants))):
        run = store.read_run(block.runs[index], TimingRun)
        if index:
            stages = mapping.renamed_timings(run.stages, scaling.pipeline.stages)
            run = dataclasses.replace(run, stages=stages)
        runs[run.id] = run
    return analysis.report(scaling, runs)


def write(bench: Bench, report: ScalingReport, output: Path | None = None) -> list[Path]:
    """Write scale.md and its chart beside the runs, and a copy elsewhere.

    Parameters
    ----------
    output
        Where a copy of the Markdown goes, its chart beside it.

    Returns
    -------
    list of Path
        What was written, the report first.

    Raises
    ------
    StoreError
        If something cannot be written.
    """
    chart = scale_chart.draw(report).encode()
    folder = bench.store.folder
    written = [
        replace_file(folder / REPORT, markdown.render_scaling(report, chart=CHART).encode()),
        replace_file(folder / CHART, chart),
    ]
    if output is not None:
        image = output.with_suffix(".svg")
        written.append(replace_file(output, markdown.render_scaling(report, chart=image.name).encode()))
        written.append(replace_file(image, chart))
    return written
