"""How many functions are matched rightly after two versions of real code were profiled, and how fast.

Functions of installed packages are renamed, moved, edited, removed and added, by a seed; the matching must
find again which became which, from function tables like cProfile's (without qualified names) and from the
sources. A pair is wrong if the function after is no descendant of the one before; one that is not found is
not right. Generated code (plotly.graph_objs) and tests are left out. Times are those of ``match`` with the
sources in memory, the median of several; beside them stands what ``ast.parse`` takes for the same files.

    python -m benchmarks.matching
    python -m benchmarks.matching --seeds 1 2 3 --functions 5000
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import random
import statistics
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.mutations import KINDS, Case, make, table
from perfkit.analyse.matching import match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from perfkit.model import FunctionTable, Matching

PACKAGES = (
    "numpy", "torch", "scipy", "pandas", "sympy", "networkx", "rich", "matplotlib", "jinja2", "pygments",
    "mypy", "fontTools", "plotly", "hypothesis", "PIL", "mpmath", "click", "_pytest", "pyparsing",
)  # fmt: skip
FILES_PER_PACKAGE = 60
MOST_BYTES = 400_000
MANY = 200_000
TINY = 5
"""Words of a body up to which it counts as tiny in the table."""


@dataclass
class Rate:
    """How a kind of mutation fared."""

    count: int = 0
    right: int = 0
    wrong: int = 0


def rates(case: Case, found: Matching, chosen: Callable[[int], bool] = lambda size: True) -> dict[str, Rate]:  # noqa: ARG005
    """Count what was matched rightly, by what became of the functions.

    Parameters
    ----------
    chosen
        Of the words of a body before, whether the function counts; those added have none and always do.
    """
    counts: dict[str, Rate] = defaultdict(Rate)
    for partner, truth, kind, size in zip(
        found.partner.tolist(), case.truth, case.kinds, case.sizes, strict=True
    ):
        if chosen(size):
            rate = counts[kind]
            rate.count += 1
            rate.right += partner == truth
            rate.wrong += partner not in (truth, -1)
    taken = set(found.partner.tolist())
    counts["added"] = Rate(
        len(case.added), sum(j not in taken for j in case.added)
    )  # their wrong pairs are counted
    return {kind: counts[kind] for kind in KINDS}


def standard_library() -> dict[str, str]:
    """Return the sources of the standard library's modules, for tests: they are everywhere."""
    root = Path(json.__file__).parent.parent
    chosen = [
        *root.glob("*.py"),
        *(
            one
            for folder in (
                "asyncio",
                "email",
                "http",
                "logging",
                "xml/etree",
                "concurrent/futures",
                "importlib",
                "json",
                "unittest",
                "urllib",
                "multiprocessing",
            )
            for one in (root / folder).glob("*.py")
        ),
    ]
    return _read(root, chosen)


def installed(packages: Iterable[str], chance: random.Random) -> dict[str, str]:
    """Return sources of installed packages, so many of each, by place."""
    found: dict[str, str] = {}
    for package in packages:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        root = Path(next(iter(spec.submodule_search_locations)))
        files = [
            one
            for one in sorted(root.rglob("*.py"))
            if not {"tests", "testing", "graph_objs"} & set(one.relative_to(root).parts)
        ]
        chance.shuffle(files)
        found |= _read(root.parent, files[:FILES_PER_PACKAGE])
    return found


def _read(root: Path, files: Iterable[Path]) -> dict[str, str]:
    return {
        one.relative_to(root).as_posix(): one.read_text(encoding="utf-8")
        for one in sorted(files)
        if one.stat().st_size <= MOST_BYTES
    }


def parse(case: Case) -> None:
    """Parse the sources of both sides."""
    for text in (*case.before.sources.values(), *case.after.sources.values()):
        try:
            ast.parse(text)
        except SyntaxError:
            continue  # a mutation broke it, as an edit may


def timed(work: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Return the median seconds of some repeats: of CPU time, and by the clock."""
    cpu_s, wall_s = [], []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        cpu_s.append(time.process_time() - cpu)
        wall_s.append(time.perf_counter() - wall)
    return statistics.median(cpu_s), statistics.median(wall_s)


def many(*, repeated: bool) -> tuple[FunctionTable, FunctionTable]:
    """Make two large tables without sources.

    Parameters
    ----------
    repeated
        Whether modules hold several functions of one name.
    """
    functions = [
        (f"pkg/m{i // 80}.py", 10 * (i % 80) + 1, f"f{i % 80 if i % 7 or not repeated else 3}")
        for i in range(MANY)
    ]
    return table({}, functions), table({}, functions, root="/elsewhere")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--functions", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--qualified", action="store_true", help="give the tables qualified names")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # invalid escapes in other people's strings
    for seed in arguments.seeds:
        files = installed(PACKAGES, random.Random(seed))  # noqa: S311
        case = make(files, arguments.functions, seed, qualified=arguments.qualified)
        found = match(case.before, case.after)
        cpu_s, wall_s = timed(partial(match, case.before, case.after), arguments.repeats)
        reference_s, _ = timed(partial(parse, case), 1)
        total = rates(case, found)
        large = rates(case, found, lambda size: size > TINY)
        print(
            f"seed {seed}: {len(case.truth)} functions before, {len(case.before.sources)} files, "
            f"{sum(map(len, case.before.sources.values())) / 1e6:.1f} MB a side"
        )
        head = f"body of more than {TINY} words:"
        print(f"{'':20} {'functions':>9} {'right':>8} {'wrong':>8}   {head} {'right':>7} {'wrong':>7}")
        for kind in (*KINDS, "all"):
            one, other = (_sum(of, kind) for of in (total, large))
            print(
                f"{kind:20} {one.count:9} {one.right / one.count:8.2%} {one.wrong / one.count:8.2%}"
                f"   {'':{len(head)}} {other.right / other.count:7.2%} {other.wrong / other.count:7.2%}"
            )
        print(
            f"match: {cpu_s:.2f} s of CPU time ({wall_s:.2f} s by the clock); "
            f"ast.parse of the same files: {reference_s:.2f} s; ratio {cpu_s / reference_s:.2f}\n",
            flush=True,
        )
    for repeated in (False, True):
        before, after = many(repeated=repeated)
        if not (match(before, after).partner == np.arange(MANY)).all():
            raise SystemExit("a table was not matched with itself")
        cpu_s, wall_s = timed(partial(match, before, after), arguments.repeats)
        kind = "some names several times in a module" if repeated else "each name once in a module"
        print(f"two tables of {MANY} functions without sources, {kind}: {cpu_s:.2f} s ({wall_s:.2f} s)")


def _sum(found: dict[str, Rate], kind: str) -> Rate:
    chosen = found.values() if kind == "all" else [found[kind]]
    return Rate(
        sum(one.count for one in chosen), sum(one.right for one in chosen), sum(one.wrong for one in chosen)
    )


if __name__ == "__main__":
    main()
