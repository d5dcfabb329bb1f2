"""How long report.html takes to make, how large it is, and how soon it is on the screen.

The page's profiles are two drawn trees of call stacks, with 5,000 functions in the table. It is opened in a
headless Chromium a few times, and the figures are what the browser's own performance interface says: medians,
with the least and the most. Nothing is asked of the network.

    python benchmarks/html_page.py                    # 50,000 stacks a side
    python benchmarks/html_page.py --stacks 5000 --rounds 9
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from perfkit.report import html
from tests import differences
from tests.golden import stories

if TYPE_CHECKING:
    from collections.abc import Sequence

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,1000",
)
FIGURES = {
    "first paint": "performance.getEntriesByName('first-contentful-paint')[0].startTime",
    "flame graph drawn": "performance.getEntriesByName('flame')[0].startTime",
    "charts drawn": "performance.getEntriesByName('charts')[0].startTime",
    "toggling the graph's view": (
        "(() => { const begin = performance.now(); document.querySelector('[name=flame-view][value=before]')"
        ".click(); return performance.now() - begin; })()"
    ),
    "searching the graph": (
        "(() => { const search = document.getElementById('flame-search'); search.value = 'function_1';"
        "const begin = performance.now(); search.dispatchEvent(new Event('input'));"
        "return performance.now() - begin; })()"
    ),
    "sorting the table": (
        "(() => { const button = document.querySelector('#function-table th button');"
        "const begin = performance.now(); button.click(); return performance.now() - begin; })()"
    ),
}


def page(stacks: int) -> str:
    """Make the page, and print what that takes."""
    before, after = (
        differences.large_tree(stacks, 1, file=file, times=times)
        for times, file in enumerate((differences.BEFORE, differences.AFTER))
    )
    functions = tuple(
        differences.delta(differences.cost(f"function_{i}", 1e-3 * i, line=i), None) for i in range(5_000)
    )
    difference = differences.difference(before_tree=before, after_tree=after, functions=functions, stages=())
    report = stories.verified_win()
    html.render(report)  # imports and templates are paid once, by whatever is made first
    begin = time.perf_counter()
    made = html.render(report, difference)
    print(f"made in {time.perf_counter() - begin:.2f} s: {len(made.encode()) / 2**20:.1f} MiB")
    return made


def measure(text: str, rounds: int) -> dict[str, list[float]]:
    """Open the page a few times, each in a new tab, and return milliseconds by what they are of."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.wait import WebDriverWait

    found: dict[str, list[float]] = {name: [] for name in FIGURES}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        file.write_text(text, encoding="utf-8")
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium") or shutil.which("google-chrome"))
        for argument in (*ARGUMENTS, f"--user-data-dir={folder}/profile"):
            options.add_argument(argument)
        driver: Any = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            for _ in range(rounds):
                driver.switch_to.new_window("tab")
                driver.get(file.as_uri())
                WebDriverWait(driver, 60).until(
                    lambda one: one.execute_script("return performance.getEntriesByName('charts').length")
                )
                for name, script in FIGURES.items():
                    found[name].append(driver.execute_script(f"return {script}"))
            drawn = driver.execute_script("return document.getElementById('flame-canvas').dataset.drawn")
            print(f"frames drawn at first: {drawn}")
        finally:
            driver.quit()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stacks", type=int, default=50_000, help="of either side (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often the page is opened (%(default)s)")
    options = parser.parse_args(arguments)
    if not shutil.which("chromedriver"):
        print("error: Chromium and its driver are needed", file=sys.stderr)
        return 2
    for name, times in measure(page(options.stacks), options.rounds).items():
        print(
            f"{name:<26} {statistics.median(times):7.0f} ms   "
            f"[{min(times):.0f}, {max(times):.0f}], n = {len(times)}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
