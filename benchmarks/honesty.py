"""How well the honesty checks do on the adversarial set, again and again, with a busy second core.

``python benchmarks/honesty.py [--rounds 20] [--only PATTERN] [--one-each] [--timed] [--quiet-machine]``
prints, by class of trick, how often it was caught and named, and how often an honest rewrite was flagged.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.honesty.cases import CASES, Case
from tests.honesty.judge import judge


def _busy() -> None:
    """Keep a core busy, on and off: a load that switches is harder than one that lasts."""
    parent = os.getppid()
    while os.getppid() == parent:  # it ends with the benchmark, however that ends
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            sum(range(10_000))
        time.sleep(0.2)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="", help="a regular expression for names or classes")
    parser.add_argument(
        "--one-each",
        action="store_true",
        help="of each class one trick a round, another each time, and all honest rewrites",
    )
    parser.add_argument(
        "--timed", action="store_true", help="compare, with three timed pairs, instead of verify"
    )
    parser.add_argument("--quiet-machine", action="store_true", help="no load on the second core")
    options = parser.parse_args()
    wanted = re.compile(options.only)
    cases = [one for one in CASES if wanted.search(one.name) or wanted.search(one.trick)]
    load = multiprocessing.get_context("spawn").Process(target=_busy, daemon=True)
    if not options.quiet_machine:
        load.start()
    begin = time.monotonic()
    caught: dict[str, Counter[str]] = defaultdict(Counter)
    for round_ in range(options.rounds):
        for case in _one_each(cases, round_) if options.one_each else cases:
            _one(case, caught, round_, timed=options.timed)
    if not options.quiet_machine:
        load.terminate()
    print(f"\n{'class':<24}{'runs':>6}{'caught':>8}{'named':>7}{'gate fails':>12}")
    for name, counts in sorted(caught.items()):
        if name != "honest":
            print(
                f"{name:<24}{counts['runs']:>6}{counts['caught']:>8}{counts['named']:>7}{counts['failed']:>12}"
            )
    tricks = [counts for name, counts in caught.items() if name != "honest"]
    print(
        f"{'all tricks':<24}"
        + "".join(
            f"{sum(counts[key] for counts in tricks):>{width}}"
            for key, width in (("runs", 6), ("caught", 8), ("named", 7), ("failed", 12))
        )
    )
    if "honest" in caught:
        print(f"{'honest':<24}{caught['honest']['runs']:>6}  flagged {caught['honest']['flagged']}")
    print(f"{options.rounds} round(s) in {time.monotonic() - begin:.0f} s")


def _one_each(cases: list[Case], round_: int) -> list[Case]:
    """Return the round's trick of each class, and all honest rewrites."""
    classes: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        classes[case.trick if case.kind != "honest" else case.name].append(case)
    return [one[round_ % len(one)] for one in classes.values()]


def _one(case: Case, caught: dict[str, Counter[str]], round_: int, *, timed: bool) -> None:
    said = judge(case, timed=timed)
    counts = caught[case.trick or "honest"]
    counts["runs"] += 1
    if case.kind == "honest":
        flagged = bool(said.failed) or not said.verified
        counts["flagged"] += flagged
        if flagged:
            print(f"round {round_ + 1}: FLAGGED {case.name}: {'; '.join(said.failed)}", flush=True)
        return
    counts["caught"] += said.caught(case)
    counts["named"] += said.named(case)
    counts["failed"] += bool(said.failed)
    if not said.named(case):
        word = "not named" if said.caught(case) else "MISSED"
        hard = f" (known to be hard: {case.hard})" if case.hard else ""
        print(f"round {round_ + 1}: {word} {case.trick}/{case.name}{hard}", flush=True)


if __name__ == "__main__":
    main()
