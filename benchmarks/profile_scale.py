"""How profiles scale: two of 200,000 functions and 1,000,000 callers each, read by perfkit and by others.

Each measurement is a process of its own, all of them interleaved, so that the ratios hold on a machine that
slows down meanwhile. Times are without the start of Python and imports. Run it with
``python benchmarks/profile_scale.py``; ``--functions 2000 --edges 10000`` is a quick look.
"""

from __future__ import annotations

import argparse
import json
import marshal
import math
import os
import pstats
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, TypeAlias

Key: TypeAlias = tuple[str, int, str]

PER_FILE = 40
RECURSIVE = 0.01  # share of the edges that lead back up
RENAMED = 0.02  # share of the functions that have another name in the second profile
ROOTS = ("/home/ann/project", "/srv/build/project")
KIB = 1024


# ------------------------------------------------------------ what is read


def make(path: Path, functions: int, edges: int, seed: int, *, after: bool = False) -> None:
    """Write a profile whose costs add up: what a function costs is told of its callers too.

    Parameters
    ----------
    path
        Where to.
    functions, edges
        How many there are.
    seed
        Of the program's shape; the second profile of a pair has the same one.
    after
        Whether it is the second one: under another root, with other times, some functions renamed.
    """
    shape, chance = random.Random(seed), random.Random(seed + after)  # noqa: S311  not for secrets
    keys = [_key(number, ROOTS[after], shape, after=after) for number in range(functions)]
    self_s = [chance.lognormvariate(-9, 2.5) for _ in range(functions)]
    callers = _callers(functions, edges, shape)
    whole_s = list(self_s)
    stats: dict[Key, Any] = {}
    for callee in range(functions - 1, -1, -1):
        shares = {caller: chance.random() ** 3 + 1e-6 for caller in callers[callee]}
        above = math.fsum(share for caller, share in shares.items() if caller < callee)
        row = {}
        calls = 0
        for caller, weight in shares.items():
            share = weight / above if caller < callee else 0.0
            cost_s = share * whole_s[callee]
            if caller < callee:
                whole_s[caller] += cost_s
            n = chance.randrange(1, 1000)
            calls += n
            row[tuple(keys[caller])] = (n, n, share * self_s[callee], cost_s)
        stats[keys[callee]] = (max(1, calls), max(1, calls), self_s[callee], whole_s[callee], row)
    with path.open("wb") as handle:
        marshal.dump(stats, handle)


def _key(number: int, root: str, shape: random.Random, *, after: bool) -> Key:
    """Name a function: a third of them the project's, the others of packages and the standard library."""
    file = number // PER_FILE
    folder = (root, "/opt/venv/lib/python3.11/site-packages", "/usr/lib/python3.11")[file % 3]
    renamed = shape.random() < RENAMED and after
    name = f"step_{number % (PER_FILE * 97)}{'_new' if renamed else ''}"
    return (f"{folder}/pack{file % 200}/part{file % 17}/module{file}.py", 10 + number % PER_FILE * 12, name)


def _callers(functions: int, edges: int, shape: random.Random) -> list[list[int]]:
    """Draw who calls whom: most callers come before their callees, some after them (recursion)."""
    found: list[dict[int, None]] = [{} for _ in range(functions)]
    missing = min(edges, functions * (functions - 1) // 4)
    while missing:
        callee = shape.randrange(1, functions)
        back = found[callee] and shape.random() < RECURSIVE
        caller = shape.randrange(callee, functions) if back else int(callee * shape.random() ** 2)
        if caller not in found[callee]:
            found[callee][caller] = None
            missing -= 1
    return [list(one) for one in found]


# ------------------------------------------------------------ who reads it


def perfkit_cold(files: list[Path], _: Path) -> object:
    """Load with perfkit, nothing cached."""
    from perfkit.profilers.tables import load_file

    return [load_file(file, cache=None) for file in files]


def perfkit_cached(files: list[Path], cache: Path) -> object:
    """Load with perfkit, from columns that were cached before."""
    from perfkit.profilers.tables import load_file

    return [load_file(file, cache=cache) for file in files]


def perfkit_trees(files: list[Path], cache: Path) -> object:
    """Load from the cache and guess the call trees."""
    from perfkit.analyse.stacks import approximate
    from perfkit.profilers.tables import load_file

    return [approximate(load_file(file, cache=cache)) for file in files]


def diff_cold(files: list[Path], _: Path) -> object:
    """Compare the two profiles, nothing cached."""
    return _compared(files, None)


def diff_cached(files: list[Path], cache: Path) -> object:
    """Compare the two profiles, from columns that were cached before."""
    return _compared(files, cache)


def _compared(files: list[Path], cache: Path | None) -> object:
    """Compare the first profile with the last, as ``perfkit diff`` does for the terminal."""
    from perfkit.api.diff import difference

    return difference(None, str(files[0]), str(files[-1]), stacked=False, cache=cache)


def pstats_stats(files: list[Path], _: Path) -> object:
    """Load with the standard library."""
    return [pstats.Stats(str(file)) for file in files]


def snakeviz_tables(files: list[Path], _: Path) -> object:
    """Load with pstats, and build what snakeviz shows; one after the other, as its server would."""
    from snakeviz.stats import json_stats, table_rows

    for file in files:
        stats = pstats.Stats(str(file))
        table_rows(stats)
        json.dumps(json_stats(stats))
    return None


READERS = {
    "perfkit, cold": perfkit_cold,
    "perfkit, cached": perfkit_cached,
    "perfkit, cached, with trees": perfkit_trees,
    "perfkit diff, cold": diff_cold,
    "perfkit diff, cached": diff_cached,
    "pstats.Stats": pstats_stats,
    "snakeviz": snakeviz_tables,
}
REFERENCE = "pstats.Stats"


def measure(reader: str, files: list[Path], cache: Path) -> dict[str, float]:
    """Read the profiles in this process; returns seconds and peaks of memory."""
    # A shell that replaces itself by its last command hands down what its earlier children used.
    inherited = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0
    with tempfile.TemporaryDirectory() as folder:  # imports happen here, on a profile of three functions
        small = Path(folder) / "small.prof"
        make(small, 3, 2, 1)
        READERS[reader]([small], Path(folder))
    begin = time.perf_counter()
    kept = READERS[reader](files, cache)
    took_s = time.perf_counter() - begin
    del kept
    return {
        "took_s": took_s,
        "peak_mib": _peak_mib(),
        "child_mib": math.nan if inherited else _children_mib(),
    }


def _children_mib() -> float:
    """Return the largest peak of the child processes; it is wrong below this one's size at their start."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (
        KIB**2 if sys.platform == "darwin" else KIB
    )


def _peak_mib() -> float:
    """Return this process's peak of resident memory."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / KIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB**2  # macOS counts bytes


# ------------------------------------------------------------ the table


def run(
    functions: int, edges: int, seed: int, rounds: int, folder: Path
) -> dict[str, list[dict[str, float]]]:
    """Make two profiles, and have each reader read both, round by round; returns what each took."""
    files = [folder / "before.prof", folder / "after.prof"]
    cache = folder / "cache"
    for file, after in zip(files, ("", "after"), strict=True):
        _own("make", str(file), str(functions), str(edges), str(seed), after)
    found: dict[str, list[dict[str, float]]] = {reader: [] for reader in READERS}
    _own("measure", "perfkit, cached", str(cache), *map(str, files))  # fills the cache
    for _ in range(rounds):
        for reader, rows in found.items():
            rows.append(json.loads(_own("measure", reader, str(cache), *map(str, files))))
    return found


def _own(*arguments: str) -> bytes:
    """Run this file in a process of its own."""
    root = Path(__file__).resolve().parent.parent
    return subprocess.run(  # noqa: S603  our own interpreter and file
        [sys.executable, __file__, *arguments],
        env=os.environ | {"PYTHONPATH": str(root)},
        check=True,
        stdout=subprocess.PIPE,
    ).stdout


def table(found: dict[str, list[dict[str, float]]]) -> str:
    """Return the table of what was measured: medians, and the median of the rounds' ratios."""
    lines = [f"{'reader':29}{'seconds':>9}{'ratio':>8}{'peak MiB':>10}{'child MiB':>11}"]
    for reader, rows in found.items():
        ratio = statistics.median(
            row["took_s"] / other["took_s"] for row, other in zip(rows, found[REFERENCE], strict=True)
        )
        took, peak, child = (
            statistics.median(row[name] for row in rows) for name in ("took_s", "peak_mib", "child_mib")
        )
        own_child = f"{child:11.0f}" if child > 0 else f"{'-':>11}"
        lines.append(f"{reader:29}{took:9.3g}{ratio:8.3g}{peak:10.0f}{own_child}")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=200_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="profile-scale-") as folder:
        found = run(chosen.functions, chosen.edges, chosen.seed, chosen.rounds, Path(folder))
    print(
        f"Two profiles of {chosen.functions:,} functions and {chosen.edges:,} edges, {chosen.rounds} rounds;"
    )
    print(f"the ratio is to {REFERENCE}.\n")
    print(table(found))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", path, functions, edges, seed, after]:
            make(Path(path), int(functions), int(edges), int(seed), after=bool(after))
        case ["measure", reader, cache, *files]:
            print(json.dumps(measure(reader, [Path(file) for file in files], Path(cache))))
        case _:
            main()
