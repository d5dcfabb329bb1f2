"""How often each tool's verdict is right on a noisy machine: perfkit and its peers, side by side.

A CPU workload of about 25 ms is compared with itself and with versions that do exactly 2, 3, 5 and 10 %
more work. A round compares everything once while the machine is left alone (`quiet`) and once while a process
of our own burns a core on and off (`disturbed`), tools and effects in random order.

``make calibration`` runs it and writes docs/calibration.md. A long run can be split: with ``--raw FILE``
every comparison is kept as soon as it is made, and ``--resume`` goes on where the last invocation stopped.
Cells are named RULE/EFFECT/STATE, with * for any: ``--only 'perfkit/5/*' --only asv``.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fnmatch
import random
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.verdicts import page, tally, tools, workload
from benchmarks.verdicts.load import disturbing
from benchmarks.verdicts.records import EFFECTS_PERCENT, STATES, Line, Setting, Trial, append, read
from perfkit.measure import environment

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ROOT = Path(__file__).parent.parent
BUDGETS_S = {0: 10.0, 2: 60.0, 3: 20.0, 5: 10.0, 10: 3.0}
"""Of one comparison, by the effect in percent."""

Key = tuple[str, int, str]


class WrongUseError(Exception):
    """What was asked for cannot be done."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing and write the page."""
    options = _parser().parse_args(arguments)
    try:
        settings, trials = _measured(options) if options.render is None else read(options.render)
        text = page.render(settings, trials)
    except (WrongUseError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = f"; what was finished is kept in {options.raw}" if options.raw else ""
        print(f"\ninterrupted{kept}", file=sys.stderr)
        return 130
    if options.output is None:
        print(text, end="")
    else:
        options.output.write_text(text)
        print(f"wrote {options.output}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    add("--rounds", type=_positive, default=20, metavar="N", help="of each cell (default: %(default)s)")
    add(
        "--only",
        action="append",
        default=[],
        metavar="RULE/EFFECT/STATE",
        help="only these cells; repeatable",
    )
    add("--budget-scale", type=float, default=1.0, metavar="X", help="all budgets times this")
    add("--seed", type=int, default=0, help="of the order and of the load (default: %(default)s)")
    add("--minutes", type=float, metavar="M", help="begin no further round after so many minutes")
    add(
        "--perfkit-options",
        action="append",
        default=[],
        metavar="NAME=OPTIONS",
        help="a further row perfkit:NAME, with these options of perfkit compare; repeatable",
    )
    add("--raw", type=Path, metavar="FILE", help="keep every comparison here, as JSON lines")
    add("--resume", action="store_true", help="go on with the comparisons in --raw")
    add("--render", type=Path, metavar="FILE", help="only write the page of such a file")
    add("--output", type=Path, metavar="FILE", help="where the page goes (default: stdout)")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


# ---------------------------------------------------------------- what to measure


def perfkit_rows(texts: Sequence[str]) -> dict[str, str]:
    """Return perfkit's rows, each with its options: the plain one, and one for each ``NAME=OPTIONS``.

    Raises
    ------
    WrongUseError
        If a text is not of that form.
    """
    rows = {tools.PERFKIT: ""}
    for text in texts:
        name, equals, options = text.partition("=")
        if not equals or not name.replace("-", "").isalnum() or name.startswith("-"):
            raise WrongUseError(f"--perfkit-options {text!r} is not NAME=OPTIONS, such as fork=--fork")
        rows[f"{tools.PERFKIT}:{name}"] = options
    return rows


def selected(names: Collection[str], only: Sequence[str]) -> list[Key]:
    """Return the cells (tool, effect, state) of these tools that the patterns select; all without a pattern.

    Raises
    ------
    WrongUseError
        If a pattern selects nothing.
    """
    everything = [(name, effect, state) for name in names for effect in EFFECTS_PERCENT for state in STATES]
    if not only:
        return everything
    chosen: set[Key] = set()
    for pattern in only:
        rule, effect, state = (*pattern.split("/"), "*", "*")[:3]
        hits = {
            key
            for key in everything
            if any(fnmatch.fnmatchcase(name, rule) for name in {key[0], *tools.rules_of(key[0])})
            and fnmatch.fnmatchcase(str(key[1]), effect.rstrip(" %") or "*")
            and fnmatch.fnmatchcase(key[2], state or "*")
        }
        if not hits:
            raise WrongUseError(f"--only {pattern!r} selects nothing; a cell is called perfkit/5/quiet")
        chosen |= hits
    return [key for key in everything if key in chosen]


def order(seed: int, round_: int, cells: Sequence[Key]) -> list[tuple[str, list[Key]]]:
    """Return the two halves of a round, each a state and its cells, in an order drawn from the seed."""
    draw = random.Random(f"{seed} {round_}")  # noqa: S311  not for secrets
    halves = [(state, [key for key in cells if key[2] == state]) for state in STATES]
    draw.shuffle(halves)
    for _, half in halves:
        draw.shuffle(half)
    return halves


# ---------------------------------------------------------------- measuring


def _measured(options: argparse.Namespace) -> tuple[list[Setting], list[Trial]]:
    rows = perfkit_rows(options.perfkit_options)
    cells = selected([*rows, *tools.PEERS], options.only)
    for tool in dict.fromkeys(key[0] for key in cells):
        if why := tools.missing(tool):
            print(f"left out: {why}", file=sys.stderr)
            cells = [key for key in cells if key[0] != tool]
    settings, trials = _resumed(options)
    setting = _setting(options, rows, settings)
    if options.raw is not None:
        options.raw.parent.mkdir(parents=True, exist_ok=True)
        append(options.raw, Line(setting=setting))
    settings.append(setting)
    begin = time.monotonic()
    done = {one.key() for one in trials}
    for round_ in range(options.rounds):
        left = [key for key in cells if (*key, round_) not in done]
        if options.minutes is not None and time.monotonic() - begin >= 60 * options.minutes:
            print(f"stopped before round {round_ + 1}: {options.minutes:g} minutes are over", file=sys.stderr)
            break
        for state, half in order(options.seed, round_, left):
            load = disturbing(f"{options.seed} {round_}") if state == "disturbed" and half else None
            with load or contextlib.nullcontext():
                for key in half:
                    trials.append(_one(key, round_, options, setting))
    _say_costs(trials)
    return settings, trials


def _one(key: Key, round_: int, options: argparse.Namespace, setting: Setting) -> Trial:
    tool, effect, state = key
    trial = tools.measure(
        tool,
        workload=setting.workload,
        effect_percent=effect,
        state=state,
        round_=round_,
        budget_s=round(BUDGETS_S[effect] * setting.budget_scale, 3),
        options=setting.options.get(tool, ""),
    )
    if options.raw is not None:
        append(options.raw, Line(trial=trial))
    said = (
        f"{tool} failed: {trial.error}"
        if trial.error
        else ", ".join(f"{rule}: {word}" for rule, word in trial.verdicts.items())
    )
    where = f"round {round_ + 1} of {options.rounds}, {state}, {effect} %, {trial.took_s:.1f} s"
    print(f"{where}: {said}", file=sys.stderr, flush=True)
    return trial


def _resumed(options: argparse.Namespace) -> tuple[list[Setting], list[Trial]]:
    if options.raw is None or not options.raw.exists():
        return [], []
    if not options.resume:
        raise WrongUseError(f"{options.raw} exists: go on with --resume, or name another file")
    return read(options.raw)


def _setting(options: argparse.Namespace, rows: dict[str, str], before: Sequence[Setting]) -> Setting:
    """Return this invocation's setting; what was calibrated before is kept, so that rounds can be pooled."""
    where = environment.look(ROOT, [])
    if before:
        work = before[0].workload
    else:
        print("calibrating the workload", file=sys.stderr)
        work = workload.calibrate()
        work = dataclasses.replace(work, checks=workload.check(work.loops))
    setting = Setting(
        started_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        seed=options.seed,
        budget_scale=options.budget_scale,
        options=(dict(before[-1].options) if before else {}) | rows,
        workload=work,
        cpu=where.cpu,
        cores=where.usable_cores,
        platform=where.platform,
        python=where.python,
        versions=_versions(),
        commit=where.git_commit,
        dirty=where.git_dirty,
    )
    for one in before:
        if one.same_experiment() != setting.same_experiment():
            raise WrongUseError(
                f"{options.raw} was measured with another seed, budget scale, Python or machine: name "
                "another file"
            )
        changed = [name for name in rows if one.options.get(name, rows[name]) != rows[name]]
        if changed:
            raise WrongUseError(f"in {options.raw} {changed[0]} has other options: give yours another name")
    return setting


def _versions() -> dict[str, str]:
    found = {}
    for name in ("perfkit", "pyperf", "pytest-benchmark", "scipy"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    if shutil.which("hyperfine"):
        said = subprocess.run(["hyperfine", "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S607
        found["hyperfine"] = said.split()[-1] if said.split() else "unknown"
    return found


def _say_costs(trials: Sequence[Trial]) -> None:
    """Say what a round costs, for who plans a longer run."""
    costs = tally.seconds_by_tool(trials)
    for (tool, effect), took_s in sorted(costs.items()):
        print(f"{tool:18} {effect:3} %  {took_s:6.1f} s a comparison", file=sys.stderr)
    print(f"a round of all of these, both states: {2 * sum(costs.values()):.0f} s", file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the load is ended
    sys.exit(main())
