"""Unequal conditions: more cores, a handicap, a replaced clock, more memory."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import perfkit
from perfkit.model import Finding
from perfkit.verify.honesty.evidence import listed, material, median_of, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.verify.honesty.evidence import Evidence, Side

PARALLEL, HANDICAPPED, TAMPERED, GROWN = (
    "extra_parallelism",
    "handicapped_baseline",
    "tampered_harness",
    "grown_footprint",
)

_MORE = 1.5
_MORE_BYTES = 64 * 1024**2
_MORE_S = 0.2
_SLEPT_SHARE = 0.1
_SHORTEST_S = 1e-3
_MANY_READINGS, _MANY_TIMES = 200, 20
_PURE = frozenset(
    {"sqrt", "sum", "mean", "std", "max", "min", "abs", "exp", "log", "dot", "copy", "astype", "fft"}
)


def parallel(evidence: Evidence) -> Iterator[Finding]:
    """Compare the threads and processes that both sides start, and the libraries' thread settings."""
    why = "The same work on more cores is no better code, and costs those cores."
    ours, theirs = evidence.baseline.run.observed, evidence.contender.run.observed
    seen = []
    if theirs.processes and not ours.processes:
        seen.append(f"the contender starts processes ({listed(theirs.processes)})")
    if theirs.threads > ours.threads and not ours.threads:
        seen.append(f"the contender starts threads ({theirs.threads} in all calls together)")
    for name in theirs.settings:
        before, after = ours.settings.get(name, ""), theirs.settings[name]
        counted = "threads" in name.lower() or name == "allowed cores"
        if counted and before.isdigit() and after.isdigit() and int(after) > int(before):
            seen.append(f"it raises {name} from {before} to {after}")
    if seen:
        yield Finding(check=PARALLEL, verdict="trick", sentence="; ".join(seen), why=why)
        return
    # Reading the processor's time takes some itself, which in a run of microseconds looks like more cores.
    used = [
        median_of(one.cpu_s / one.run_s for one in side.timed if one.run_s > _SHORTEST_S)
        for side in _sides(evidence)
    ]
    if used[0] and used[1] > _MORE * max(1.0, used[0]):
        text = f"while it runs the contender keeps {used[1]:.1f} cores busy, the baseline {used[0]:.1f}"
        yield Finding(check=PARALLEL, verdict="caution", sentence=text, why=f"{why} Here a library does it.")


def handicapped(evidence: Evidence) -> Iterator[Finding]:
    """Find what slows the baseline down besides its own code."""
    why = "A baseline that is held back makes any contender look fast."
    ours, theirs = evidence.baseline, evidence.contender
    tracers = ours.observed("tracers")
    if tracers:
        # It may be so in the contender's process too, which imports the baseline for its inputs: no excuse.
        text = f"{listed(tracers)} is active while the baseline runs"
        yield Finding(check=HANDICAPPED, verdict="trick", sentence=text, why=why)
        return
    yield from _unlike_inputs(ours, theirs)
    yield from _idle(ours, theirs, why)
    repeated = sorted(_repeated(ours.tree()) - _repeated(theirs.tree()))
    if repeated:
        text = f"the baseline does the same work again and again: {listed(repeated)}"
        yield Finding(check=HANDICAPPED, verdict="caution", sentence=text, why=why)
    gcs = [_gc(side) for side in (ours, theirs)]
    if _eager(gcs[0]) and not _eager(gcs[1]):
        text = (
            f"garbage collection is set to {gcs[0]} in the baseline's process, to {gcs[1]} in the contender's"
        )
        yield Finding(check=HANDICAPPED, verdict="trick", sentence=text, why=why)
    elif gcs[0] != gcs[1]:
        text = f"garbage collection: {gcs[0]} in the baseline's process, {gcs[1]} in the contender's"
        yield Finding(check=HANDICAPPED, verdict="caution", sentence=text, why=why)
    threads = [side.run.observed.settings.get("torch threads", "") for side in (ours, theirs)]
    if all(one.isdigit() for one in threads) and int(threads[0]) < int(threads[1]):
        text = (
            f"torch uses {threads[0]} threads in the baseline's process and {threads[1]} in the contender's"
        )
        yield Finding(check=HANDICAPPED, verdict="caution", sentence=text, why=why)


def _unlike_inputs(ours: Side, theirs: Side) -> Iterator[Finding]:
    """Find other inputs on the other side, where make_inputs runs in two interpreters or environments."""
    digests = ours.main.inputs_digest, theirs.main.inputs_digest
    if ours.run.variant.python != theirs.run.variant.python and digests[0] != digests[1]:
        text = "make_inputs gave the contender's interpreter another input for the same seed"
        why = "Another input may be more or less work: what a package draws can differ between its versions."
        yield Finding(check=HANDICAPPED, verdict="caution", sentence=text, why=why)


def _idle(ours: Side, theirs: Side, why: str) -> Iterator[Finding]:
    """Find sleeping, collecting garbage and watching the clock on the baseline's side."""
    wall_s = max(ours.run_s, ours.main.cpu_s)
    for name, doing in (("time.sleep", "sleeps"), ("gc.collect", "collects garbage by hand")):
        spent, other = (side.run.observed.idle.get(name, 0.0) for side in (ours, theirs))
        if spent > _SLEPT_SHARE * wall_s and spent > _MORE * other:
            text = f"the baseline {doing} for {seconds(spent)} in one run"
            yield Finding(check=HANDICAPPED, verdict="trick", sentence=text, why=why)
            return
    readings, others = (side.run.observed.idle.get("clock readings", 0.0) for side in (ours, theirs))
    if readings > _MANY_READINGS and readings > _MANY_TIMES * max(1.0, others):
        text = f"the baseline reads a clock {readings:,.0f} times in one run, as busy waiting does"
        yield Finding(check=HANDICAPPED, verdict="caution", sentence=text, why=why)


def _repeated(tree: ast.Module) -> set[str]:
    """Return loops that do the same thing each time: they use neither variable nor results."""
    found = set()
    for node in ast.walk(tree):
        if not (
            isinstance(node, ast.For)
            and isinstance(node.target, ast.Name)
            and isinstance(node.iter, ast.Call)
        ):
            continue
        if not (isinstance(node.iter.func, ast.Name) and node.iter.func.id == "range"):
            continue
        if not all(isinstance(one, ast.Assign) for one in node.body):
            continue
        names = [one for statement in node.body for one in ast.walk(statement)]
        written = {
            ast.unparse(t)
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for t in statement.targets
        }
        roots = {text.partition("[")[0].partition(".")[0] for text in written}
        read = {one.id for one in names if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
        loaded = {
            one.id
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for one in ast.walk(statement.value)
            if isinstance(one, ast.Name)
        }
        calls = {
            one.func.attr
            for one in names
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)
        }
        if node.target.id not in read and roots.isdisjoint(loaded) and calls <= _PURE:
            found.add(f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}, line {node.lineno}")
    return found


def _gc(side: Side) -> str:
    return side.run.observed.settings.get("gc", "")


def _eager(text: str) -> bool:
    """Tell whether the youngest generation is collected far more often than Python does by itself."""
    digits = text.removeprefix("thresholds (").partition(",")[0]
    return digits.isdigit() and 0 < int(digits) < 100  # noqa: PLR2004  Python's own is 700 and more


def tampered(evidence: Evidence) -> Iterator[Finding]:
    """Find clocks, comparison functions or parts of perfkit that were replaced, on either side."""
    why = "A clock or a comparison that was replaced says what it was told to say."
    for who, side in (("contender", evidence.contender), ("baseline", evidence.baseline)):
        names = side.observed("tampered")
        if names:
            text = f"the {who} replaces {listed(names)}"
            yield Finding(check=TAMPERED, verdict="trick", sentence=text, why=why)
            return
        reached = sorted(_reaches_into_perfkit(side.tree()))
        if reached:
            text = (
                f"the {who}'s source reaches into perfkit ({listed(reached)}), of which it needs only stage"
            )
            yield Finding(check=TAMPERED, verdict="trick", sentence=text, why=why)
            return
        if side is evidence.contender and evidence.differs:
            own = sorted(_own_equality(side.tree()) - _own_equality(evidence.baseline.tree()))
            if own:
                text = f"outputs differ, and the contender's {listed(own)} decides by itself what it equals"
                yield Finding(check=TAMPERED, verdict="trick", sentence=text, why=why)
                return


def _reaches_into_perfkit(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names if _is_inner(one.name)}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if _is_inner(node.module):
                found.add(node.module)
            elif node.module == "perfkit":
                found |= {f"perfkit.{one.name}" for one in node.names if one.name not in _PUBLIC}
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith("perfkit.")
        ):
            found.add(node.value)
    return found


_PUBLIC = frozenset({*perfkit.__all__, "__version__", "model", "errors"})
"""What of perfkit a script that compares its own functions may use; what it replaces of it is seen apart."""


def _is_inner(module: str) -> bool:
    """Tell whether a module is one of perfkit's that nobody else needs."""
    return module.startswith("perfkit.") and module.split(".")[1] not in _PUBLIC - {"verify"}


def _own_equality(tree: ast.Module) -> set[str]:
    return {
        f"{node.name}.__eq__"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for inner in node.body
        if isinstance(inner, ast.FunctionDef) and inner.name == "__eq__"
    }


def grown(evidence: Evidence) -> Iterator[Finding]:
    """Compare peak memory and import time."""
    sides = _sides(evidence)
    if all(side.timed for side in sides):
        peaks = [median_of(one.peak_rss_bytes for one in side.timed) for side in sides]
        imports = [median_of(one.import_s for one in side.timed) for side in sides]
    else:
        peaks = [float(side.peak_rss_bytes or 0) for side in sides]
        imports = [side.import_s for side in sides]
    if peaks[0] and peaks[1] > _MORE * peaks[0] and peaks[1] - peaks[0] > _MORE_BYTES:
        text = f"peak memory grew from {peaks[0] / 2**20:.0f} MiB to {peaks[1] / 2**20:.0f} MiB"
        why = "Speed was bought with memory: on larger inputs or a smaller machine it will not fit."
        yield Finding(check=GROWN, verdict="caution", sentence=text, why=why)
    extra = imports[1] - imports[0]
    if imports[1] > _MORE * imports[0] and extra > _MORE_S and material(extra, evidence.contender.run_s):
        text = f"import time grew from {seconds(imports[0])} to {seconds(imports[1])}"
        why = "A process that runs the pipeline once pays it every time."
        yield Finding(check=GROWN, verdict="caution", sentence=text, why=why)


def _sides(evidence: Evidence) -> tuple[Side, Side]:
    return evidence.baseline, evidence.contender
