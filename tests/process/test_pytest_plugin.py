"""The pytest plugin as its users see it: whole runs of pytest on small projects."""

from __future__ import annotations

import json
import pstats
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

# What an inner run loads must be loaded before: it forgets its modules at the end, and NumPy loads only once.
import perfkit.api.benchmarks
import perfkit.pytest_plugin.files
import perfkit.pytest_plugin.fixture
import perfkit.pytest_plugin.paired
import perfkit.pytest_plugin.summary  # noqa: F401

if TYPE_CHECKING:
    from _pytest.pytester import Pytester, RunResult

pytest_plugins = "pytester"

ROOT = Path(__file__).parents[2]
# By its module, whether or not the entry point is installed; one plugin cannot be loaded twice.
PLUGIN = ("-p", "no:perfkit", "-p", "perfkit.pytest_plugin")
QUICK = ("--perfkit-seconds=0.02", "-p", "no:benchmark", "-p", "no:cacheprovider", *PLUGIN)

SHOP = """
def make_inputs(seed, *, n=1500):
    return [(seed + i * i) % 977 for i in range(n)]

def slow(values):
    found = []
    for value in values:
        if value not in found:
            found.append(value)
    return sorted(found)

def fast(values):
    return sorted(set(values))

def same(values):
    return fast(values)

def wrong(values):
    return sorted(set(values))[::-1]

def crash(values):
    raise ValueError("no such article")

def close(values):
    return [1.0 + 1e-7]

def exact(values):
    return [1.0] if sum(i * i for i in range(20_000)) else []
"""


@pytest.fixture
def shop(pytester: Pytester, monkeypatch: pytest.MonkeyPatch) -> Pytester:
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):  # pytest-benchmark would time nothing
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(shop=SHOP)
    return pytester


def run(pytester: Pytester, test: str, *options: str, quick: tuple[str, ...] = QUICK) -> RunResult:
    pytester.makepyfile(
        test_it=f"import pytest, shop\n\n{test}" if (pytester.path / "shop.py").exists() else test
    )
    return pytester.runpytest_inprocess(*quick, *options)


# ---------------------------------------------------------------- in this process


def test_a_function_is_timed_and_its_result_returned(shop: Pytester) -> None:
    done = run(
        shop,
        """
def test_fast(perfkit):
    assert perfkit(shop.fast, [3, 1, 3]) == [1, 3]
    timing = perfkit.timing
    assert timing.samples == len(timing.values_s) >= 6 and timing.calls > 1
    assert timing.low_s <= timing.median_s <= timing.high_s
    assert perfkit(sorted, [2, 1], reverse=True) == [2, 1]
    assert perfkit.timing.function == "sorted" and perfkit.timing.index == 1
""",
        "--junit-xml=junit.xml",
        "--perfkit-json=out.json",
    )
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*= perfkit =*", "*one value*", "*::test_fast *", "*::test_fast #2 *"])
    stored = json.loads((shop.path / "out.json").read_text())
    assert [one["index"] for one in stored["timings"]] == [0, 1]
    assert stored["host"]["python"].startswith("3.")
    tree = ElementTree.parse(shop.path / "junit.xml")  # noqa: S314  written a moment ago
    properties = {one.get("name"): one.get("value") for one in tree.iter("property")}
    assert float(properties["perfkit_median_s"] or "nan") == stored["timings"][0]["median_s"]
    assert {"perfkit_low_s", "perfkit_high_s_2", "perfkit_samples"} <= properties.keys()


def test_each_call_has_inputs_of_its_own(shop: Pytester) -> None:
    done = run(
        shop,
        """
def test_inputs(perfkit):
    used = []
    def pop(values):
        used.append(len(values))
        return values.pop()
    assert perfkit(pop, make_inputs=lambda: [1, 2]) == 2
    assert set(used) == {2} and perfkit.timing.own_inputs

def test_a_tuple_is_several_arguments(perfkit):
    assert perfkit(divmod, make_inputs=lambda: (7, 2)) == (3, 1)

def test_a_pipelines_make_inputs_fits(perfkit):
    assert perfkit(shop.fast, make_inputs=shop.make_inputs)[0] == 0

def test_both(perfkit):
    perfkit(shop.fast, [1], make_inputs=shop.make_inputs)
""",
    )
    done.assert_outcomes(passed=3, failed=1)
    done.stdout.fnmatch_lines(["*either arguments or make_inputs*"])


def test_a_crash_is_the_tests_own(shop: Pytester) -> None:
    done = run(shop, "def test_crash(perfkit):\n    perfkit(shop.crash, [])\n", "--perfkit-save=main")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*ValueError: no such article*"])
    assert "fixture.py" not in done.stdout.str()
    done.stdout.no_fnmatch_line("*= perfkit =*one value*")
    assert not (shop.path / "reports").exists()


def test_what_has_not_run_when_it_returns_is_refused(pytester: Pytester) -> None:
    done = run(
        pytester,
        """
async def later():
    return 1

def lazily():
    yield 1

def test_coroutine(perfkit):
    perfkit(later)

def test_generator(perfkit):
    perfkit(lazily)

def test_result(perfkit):
    perfkit(sum([1]))
""",
        "-W",
        "error::RuntimeWarning",  # never awaited
    )
    done.assert_outcomes(failed=3)
    done.stdout.fnmatch_lines(["*coroutine function*", "*generator function*", "*1 cannot be called*"])


def test_a_tracer_is_told(pytester: Pytester) -> None:
    """In another process, since this one may be traced itself."""
    pytester.makepyfile(
        """
import sys

def test_traced(perfkit):
    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        perfkit(sorted, [2, 1])
    finally:
        sys.settrace(before)
    assert "sys.settrace" in perfkit.timing.tracers
"""
    )
    done = pytester.runpytest_subprocess(*QUICK, "--perfkit-json=now.json")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*traced by sys.settrace*"])
    done = pytester.runpytest_subprocess(*QUICK, "--perfkit-against=now.json")
    done.stdout.fnmatch_lines(["*no ratio*"])
    done.assert_outcomes(passed=1)
    done = pytester.runpytest_subprocess(*QUICK, "--perfkit-against=now.json", "--perfkit-fail-if-slower=20%")
    done.assert_outcomes(failed=1)  # a gate that cannot be judged does not pass
    done.stdout.fnmatch_lines(["*inconclusive: whether it is slower*traced*"])


def test_disabled_it_calls_once(shop: Pytester) -> None:
    done = run(
        shop,
        """
calls = []

def once(x):
    calls.append(x)
    return x

def test_once(perfkit):
    assert perfkit(once, 5) == 5 and calls == [5] and perfkit.timing is None

@pytest.mark.perfkit(baseline="shop:slow")
def test_marked(perfkit):
    assert perfkit(shop.fast, [1]) == [1]

def test_compare(perfkit):
    perfkit.compare(shop.slow, shop.fast, make_inputs=shop.make_inputs)
""",
        "--perfkit-disable",
    )
    done.assert_outcomes(passed=2, skipped=1)
    done.stdout.no_fnmatch_line("*= perfkit =*")


def test_it_is_silent_where_there_is_nothing_to_say(shop: Pytester) -> None:
    run(shop, "def test_plain():\n    pass\n").stdout.no_fnmatch_line("*= perfkit =*")
    quiet = run(shop, "def test_fast(perfkit):\n    perfkit(shop.fast, [1])\n", "-q")
    quiet.assert_outcomes(passed=1)
    quiet.stdout.no_fnmatch_line("*= perfkit =*")


# ---------------------------------------------------------------- in fresh processes


def test_a_comparison_answers_questions(shop: Pytester) -> None:
    done = run(
        shop,
        """
def test_compare(perfkit):
    outcome = perfkit.compare(shop.slow, shop.fast, make_inputs=shop.make_inputs, target=1.5)
    outcome.assert_faster(by=1.5)
    outcome.assert_equal()
    assert outcome.faster_than(1.5) and outcome.speedup > 1.5 and 1.5 < outcome.speedup
    assert not outcome.faster_than(100_000) and not outcome.speedup > 100_000 and outcome.speedup < 100_000
    assert outcome.outputs == "identical" and outcome.verdict == "faster"
    assert perfkit.outcome is outcome and outcome.speedup.low < float(outcome.speedup) < outcome.speedup.high
    with pytest.raises(TypeError):
        outcome.speedup == 2

def test_not_that_fast(perfkit):
    outcome = perfkit.compare("shop:slow", "shop:fast", make_inputs="shop:make_inputs", pairs=9, verify=False)
    assert outcome.faster_than(100_000)
""",
        "--perfkit-json=out.json",
    )
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*refuted: slow → fast: *surely not above 100000x*"])
    done.stdout.fnmatch_lines(["Compared in fresh paired processes:", "*test_compare*faster*identical*"])
    stored = json.loads((shop.path / "out.json").read_text())["comparisons"]
    assert [one["pairs"] for one in stored][1] == 9
    assert (shop.path / "reports" / stored[0]["pipeline"] / "comparisons" / stored[0]["comparison"]).is_dir()


def test_outputs_that_differ_fail(shop: Pytester) -> None:
    done = run(
        shop,
        """
@pytest.mark.perfkit(baseline="shop:slow", pairs=3)
def test_marked(perfkit):
    perfkit(shop.wrong, shop.make_inputs(0))

@pytest.mark.parametrize("rtol", [1e-6, 1e-9])
def test_tolerance(perfkit, rtol):
    outcome = perfkit.compare(shop.exact, shop.close, make_inputs=shop.make_inputs, pairs=2, rtol=rtol)
    outcome.assert_equal()
    assert outcome.outputs == "equal within tolerance"

def test_not_compared(perfkit):
    outcome = perfkit.compare(shop.slow, shop.fast, make_inputs=shop.make_inputs, pairs=2, verify=False)
    outcome.assert_equal()
""",
    )
    done.assert_outcomes(passed=1, failed=3)
    done.stdout.fnmatch_lines(["*gate failed: the output differs: result*", "*result on main: *"])
    done.stdout.fnmatch_lines(
        ["*not equal: <exact → close: *", "*inconclusive: *the outputs were not compared*"]
    )


def test_a_crash_in_a_fresh_process_is_told(shop: Pytester) -> None:
    done = run(
        shop,
        """
def test_crash(perfkit):
    perfkit.compare(shop.slow, shop.crash, make_inputs=shop.make_inputs)

def test_nowhere(perfkit):
    perfkit.compare(shop.slow, lambda values: values, make_inputs=shop.make_inputs)
""",
    )
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(
        ["*raised ValueError: no such article*", "*shop.py*", "perfkit: a lambda has no name*"]
    )
    done.stdout.no_fnmatch_line("*During handling*")


def test_a_marker_holds_a_function_to_its_baseline(shop: Pytester) -> None:
    """Functions of the test's own module, whose folder only pytest puts on the path."""
    (shop.path / "tests").mkdir()
    (shop.path / "tests" / "test_there.py").write_text(
        """
import pytest

def slow(low, high):
    return sum(i * i for i in range(low, high))

def fast(low, high):
    return sum(map(int, range(low, low + 10)))

@pytest.mark.perfkit(baseline=slow, target=2, pairs=6, verify=False)
def test_reached(perfkit):
    assert perfkit(fast, 0, 100_000) == 45

@pytest.mark.perfkit(baseline="test_there:slow", target=1_000_000, pairs=6, verify=False)
def test_missed(perfkit):
    perfkit(fast, 0, 100_000)
"""
    )
    done = shop.runpytest_inprocess(*QUICK, "--strict-markers")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*gate failed: the speedup is below the target of 1e+06x*"])


def test_what_is_not_decided_never_passes(shop: Pytester) -> None:
    test = """
def test_not_above(perfkit):
    outcome = perfkit.compare(shop.fast, shop.same, make_inputs=shop.make_inputs, pairs=1, verify=False)
    assert not outcome.speedup > 2

@pytest.mark.perfkit(baseline="shop:fast", make_inputs="shop:make_inputs", pairs=1, verify=False)
def test_marked(perfkit):
    perfkit(shop.same, [1])
"""
    failing = run(shop, test)
    failing.assert_outcomes(failed=2)
    failing.stdout.fnmatch_lines(["inconclusive: *one pair gives no interval*"])
    skipping = run(shop, test, "--perfkit-inconclusive=skip")
    skipping.assert_outcomes(skipped=2)


def test_a_marker_that_makes_no_sense_fails(shop: Pytester) -> None:
    done = run(
        shop,
        """
@pytest.mark.perfkit(baselin="shop:slow")
def test_misspelt(perfkit):
    perfkit(shop.fast, [1])

@pytest.mark.perfkit(target=2)
def test_no_baseline(perfkit):
    perfkit(shop.fast, [1])

@pytest.mark.perfkit(baseline="shop:slow", pairs=0)
def test_pairs(perfkit):
    perfkit(shop.fast, [1])

@pytest.mark.perfkit(baseline="shop:slow")
def test_no_fixture():
    pass

@pytest.mark.perfkit(baseline="shop:slow")
def test_not_called(perfkit):
    pass

@pytest.mark.perfkit(baseline="shop:slow")
def test_not_picklable(perfkit):
    perfkit(shop.fast, [lambda: 1])

@pytest.mark.perfkit(baseline="nowhere")
def test_not_stored(perfkit):
    perfkit(shop.fast, [1])
""".replace("perfkit(shop.fast, [lambda: 1])", "perfkit(len, [lambda: 1])"),
    )
    done.assert_outcomes(passed=1, failed=2, errors=5)
    done.stdout.fnmatch_lines_random(
        [
            "*did you mean 'baseline'?*",
            "*target is for a comparison in fresh paired processes*",
            "*pairs is a whole number from 1*",
            "*test_no_fixture is marked with perfkit but times nothing*",
            "*test_not_called passed without calling perfkit*",
            "*cannot be pickled*",
            "*no stored timings 'nowhere'*",
        ]
    )


# ---------------------------------------------------------------- earlier runs

TIMED = "def test_fast(perfkit):\n    perfkit(shop.fast, list(range(200)))\n"


def test_stored_timings_are_shown_and_never_a_verdict(shop: Pytester) -> None:
    done = run(
        shop,
        TIMED + "\ndef test_bad(perfkit):\n    perfkit(shop.fast, [1])\n    assert False\n",
        "--perfkit-save=main",
    )
    done.stdout.fnmatch_lines(["stored 1 timing in *main.json; left out: 1 of failed tests"])
    file = shop.path / "reports" / "pytest" / "main.json"
    stored = json.loads(file.read_text())
    assert [one["test"] for one in stored["timings"]] == ["test_it.py::test_fast"]

    stored["timings"][0]["median_s"] /= 1000  # as if it had been a thousand times as fast
    stored["host"]["python"] = "3.4.0"
    file.write_text(json.dumps(stored))
    shown = run(shop, TIMED, "--perfkit-against=main")
    shown.assert_outcomes(passed=1)
    shown.stdout.fnmatch_lines(["*Not paired*", "*another Python: CPython 3.4.0 then*", "*test_fast*0.00*x*"])
    failing = run(shop, TIMED, "--perfkit-against=main", "--perfkit-fail-if-slower=20%")
    failing.assert_outcomes(failed=1)
    failing.stdout.fnmatch_lines(["*more than the * of 'main'; the limit is 20 %. This is not paired*"])

    stored["timings"][0]["median_s"] *= 1e6
    file.write_text(json.dumps(stored))
    run(shop, TIMED, "--perfkit-against=main", "--perfkit-fail-if-slower=20%").assert_outcomes(passed=1)
    other = run(shop, TIMED.replace("test_fast", "test_new"), "--perfkit-against=main")
    other.stdout.fnmatch_lines(["None of the tests that ran has a timing in main."])

    marked = '@pytest.mark.perfkit(baseline="main")\n' + TIMED
    run(shop, marked).stdout.fnmatch_lines(["*Beside main*Not paired*", "*test_fast*"])


def test_files_of_pytest_benchmark_are_read(shop: Pytester) -> None:
    pytest.importorskip("pytest_benchmark")
    shop.makepyfile(test_it="import shop\n\ndef test_fast(benchmark):\n    benchmark(shop.fast, [1, 2])\n")
    options = ("--benchmark-json=theirs.json", "--benchmark-max-time=0.05", "-p", "no:cacheprovider", *PLUGIN)
    shop.runpytest_subprocess(*options).assert_outcomes(passed=1)
    done = run(shop, TIMED, "--perfkit-against=theirs.json")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*Beside theirs.json*pytest-benchmark*", "*another tool*", "*test_fast*x*"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--perfkit-against=nowhere"], "there are no stored timings 'nowhere'*"),
        (["--perfkit-against=shop.json"], "*holds no timings*"),
        (["--perfkit-fail-if-slower=20%"], "*slower than what?*"),
        (["--perfkit-save=a b"], "*no name for stored timings*"),
        (["--perfkit-profile=pyinstrument"], "*is no list of cprofile and line*"),
        (["--perfkit-seconds=0"], "*is no number of seconds above 0*"),
        (["--perfkit-against=ours.json", "--perfkit-fail-if-slower=20"], "*write 20% or 0.2*"),
    ],
)
def test_wrong_options_end_at_once(shop: Pytester, options: list[str], sentence: str) -> None:
    (shop.path / "shop.json").write_text("[]")
    (shop.path / "ours.json").write_text('{"schema": 1, "tool": "perfkit", "timings": []}')
    done = run(shop, TIMED, *options)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: {sentence}"])


def test_a_file_that_cannot_be_written_is_an_error(shop: Pytester) -> None:
    (shop.path / "reports").write_text("a file where a folder is needed")
    done = run(shop, TIMED, "--perfkit-save=main", "-q")
    assert done.ret == pytest.ExitCode.INTERNAL_ERROR
    done.stdout.fnmatch_lines(["ERROR: cannot write *main.json*"])


# ---------------------------------------------------------------- profiles


def test_profiles_are_left_on_demand(shop: Pytester) -> None:
    done = run(
        shop,
        """
def test_fast(perfkit):
    code = shop.same.__code__
    perfkit(shop.same, [1, 2])
    perfkit(len, [1])
    assert shop.same.__code__ is code
""",
        "--perfkit-profile=cprofile,line",
    )
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["profile: *.test_fast/profile.prof", "no profile: line_profiler sees *"])
    folder = shop.path / "reports" / "pytest" / "profiles" / "test_it.py.test_fast"
    stats = pstats.Stats(str(folder / "profile.prof")).stats  # type: ignore[attr-defined]
    functions = {name for _, _, name in stats}
    assert {"same", "fast"} <= functions
    assert (folder / "profile.lprof").is_file()
    assert not (folder / "2" / "profile.lprof").exists()


def test_both_sides_of_a_comparison_are_profiled(shop: Pytester) -> None:
    done = run(
        shop,
        "def test_it(perfkit):\n"
        "    perfkit.compare(shop.slow, shop.fast, make_inputs=shop.make_inputs, pairs=1, verify=False)\n",
        "--perfkit-profile",
    )
    done.assert_outcomes(passed=1)
    files = [Path(line.removeprefix("profile: ")) for line in done.outlines if line.startswith("profile: ")]
    assert len(files) == 2
    assert all((shop.path / file).is_file() for file in files)


# ---------------------------------------------------------------- beside other plugins


def test_parallel_workers_time_nothing(shop: Pytester) -> None:
    shop.makepyfile(test_it=f"import shop\n\n{TIMED}\n\ndef test_plain():\n    pass\n")
    parallel = shop.runpytest_subprocess(*QUICK, "-n", "2", "-rs")
    parallel.assert_outcomes(passed=1, skipped=1)
    parallel.stdout.fnmatch_lines(["*perfkit times nothing while 2 workers*"])
    strict = shop.runpytest_subprocess(*QUICK, "-n", "2", "--perfkit-strict")
    strict.assert_outcomes(passed=1, errors=1)
    off = shop.runpytest_subprocess(*QUICK, "-n", "2", "--perfkit-disable")
    off.assert_outcomes(passed=2)


def test_one_worker_hands_its_timings_over(shop: Pytester) -> None:
    shop.makepyfile(test_it=f"import shop\n\n{TIMED}")
    done = shop.runpytest_subprocess(*QUICK, "-n", "1", "--perfkit-save=main")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*= perfkit =*", "*test_it.py::test_fast*", "stored 1 timing in *"])


def test_it_lives_beside_pytest_benchmark(shop: Pytester) -> None:
    pytest.importorskip("pytest_benchmark")
    shop.makepyfile(
        test_it="import shop\n\n"
        "def test_theirs(benchmark):\n    benchmark(shop.fast, [1])\n\n"
        "def test_both(benchmark, perfkit):\n"
        "    assert perfkit(shop.fast, [1]) == benchmark(shop.fast, [1])\n"
    )
    options = ("--perfkit-seconds=0.02", "--benchmark-max-time=0.02", "-p", "no:cacheprovider", *PLUGIN)
    done = shop.runpytest_subprocess(*options, "--benchmark-columns=median")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines_random(["*benchmark: 2 tests*", "*= perfkit =*"])


def test_coverage_is_told(shop: Pytester) -> None:
    pytest.importorskip("pytest_cov")
    shop.makepyfile(test_it=f"import shop\n\n{TIMED}")
    done = shop.runpytest_subprocess(*QUICK, "--cov=shop")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*traced by sys.*"])


# ---------------------------------------------------------------- what it costs those who do not use it


def test_loading_it_loads_next_to_nothing(pytester: Pytester) -> None:
    pytester.makepyfile(
        test_it="""
import sys

def test_plain():
    ours = sorted(one for one in sys.modules if one.split(".")[0] == "perfkit")
    assert not {"perfkit.model", "perfkit.api", "numpy", "msgspec", "rich"} & set(sys.modules), ours
    assert "perfkit.pytest_plugin" in ours and len(ours) < 10
"""
    )
    pytester.runpytest_subprocess("-p", "no:benchmark", *PLUGIN).assert_outcomes(passed=1)


def test_it_is_an_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"perfkit": "perfkit.pytest_plugin"}
    code = "import perfkit.pytest_plugin as plugin; print(plugin.perfkit, plugin.pytest_addoption)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
