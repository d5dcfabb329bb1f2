"""How long a shell waits for perfkit's offers: as a multiple of what Python itself takes to start.

``python benchmarks/completion.py`` prints a line for each of a few words to complete, warm, in this project.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPEATS = 15
WORDS = {
    "a command": ("perfkit co", 1),
    "an option of compare": ("perfkit compare --pi", 2),
    "a side to compare": ("perfkit compare ", 2),
    "a comparison": ("perfkit report ", 2),
    "a stage": ("perfkit scale baseline --claim ", 4),
    "a format": ("perfkit export --to ", 3),
}


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Return how long a process takes, wall time."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    return time.perf_counter() - begin


def main() -> None:
    """Time each word beside an empty program, in turns, and print the median ratio."""
    with tempfile.TemporaryDirectory() as cache:
        bare = [sys.executable, "-c", "pass"]
        for what, (words, at) in WORDS.items():
            asked = {"COMP_WORDS": words, "COMP_CWORD": str(at), "_PERFKIT_COMPLETE": "bash_complete"}
            environment = {**os.environ, **asked, "XDG_CACHE_HOME": cache}
            command = [sys.executable, "-m", "perfkit"]
            first_s = seconds(command, environment)
            pairs = [(seconds(bare, environment), seconds(command, environment)) for _ in range(REPEATS)]
            ratio = statistics.median(ours / theirs for theirs, ours in pairs)
            middle_ms = 1e3 * statistics.median(ours for _, ours in pairs)
            sys.stdout.write(
                f"{what:22} {ratio:5.1f} x python -c pass   {middle_ms:6.0f} ms   "
                f"{1e3 * first_s:6.0f} ms for the very first\n"
            )


if __name__ == "__main__":
    main()
