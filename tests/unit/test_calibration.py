"""The pure parts of the calibration benchmark: rules, counts, cells, the file, and the page."""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scipy import stats as scipy_stats

from benchmarks import calibration
from benchmarks.verdicts import load, page, rules, workload
from benchmarks.verdicts.goals import Goal, goals
from benchmarks.verdicts.records import (
    EFFECTS_PERCENT,
    STATES,
    Check,
    Line,
    Setting,
    Trial,
    Workload,
    append,
    read,
)
from benchmarks.verdicts.tally import Cells, Share
from benchmarks.verdicts.tools import PEERS

FAST = [1.00, 1.01, 0.99, 1.02, 0.98, 1.005, 0.995, 1.015, 0.985, 1.0]
SLOW = [1.2 * one for one in FAST]
WORK = Workload(
    loops=400_000,
    work_s=0.025,
    startup_s=0.010,
    process_s=0.035,
    checks=(Check(effect_percent=5, ratio=1.0502, low=1.0491, high=1.0513, n=600, instruction_ratio=1.05),),
)
SETTING = Setting(
    started_at="2026-01-02T03:04:05Z",
    seed=0,
    budget_scale=1.0,
    options={"perfkit": "", "perfkit:fork": "--fork"},
    workload=WORK,
    cpu="a processor",
    cores=2,
    platform="Linux",
    python="3.11.7",
    versions={"perfkit": "0.1.0", "scipy": "1.17.1"},
    commit="0123456789abcdef",
    dirty=False,
)


def trial(tool: str = "perfkit", effect: int = 0, word: str = "inconclusive", **changed: object) -> Trial:
    plain = Trial(
        tool=tool,
        effect_percent=effect,
        state="quiet",
        round=0,
        budget_s=calibration.BUDGETS_S[effect],
        took_s=4.0,
        verdicts={tool: word},
        true_speedup=1 / (1 + effect / 100),
        other_cores=0.1,
    )
    return dataclasses.replace(plain, **changed)  # type: ignore[arg-type]


# ---------------------------------------------------------------- rules

RULES = [rules.hyperfine, rules.hyperfine_sigma, rules.pytest_benchmark, rules.benchstat, rules.asv]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_sees_a_large_difference_in_its_direction_and_none_in_itself(rule) -> None:
    assert rule(FAST, SLOW) == "slower"
    assert rule(SLOW, FAST) == "faster"
    assert rule(FAST, FAST) == "nothing"


def test_hyperfine_is_believed_from_the_second_printed_decimal_on() -> None:
    assert rules.hyperfine(FAST, [1.004 * one for one in FAST]) == "nothing"
    assert rules.hyperfine(FAST, [1.006 * one for one in FAST]) == "slower"


def test_hyperfine_s_sigma_is_the_propagated_one() -> None:
    spread = math.sqrt(2) * statistics.stdev(FAST) / statistics.fmean(FAST)
    just = 1 / (1 - spread)  # where R - R * spread is 1
    assert rules.hyperfine_sigma(FAST, [(just + 1e-6) * one for one in FAST]) == "slower"
    assert rules.hyperfine_sigma(FAST, [(just - 1e-6) * one for one in FAST]) == "nothing"


def test_pytest_benchmark_s_threshold_is_five_percent_of_the_median() -> None:
    assert rules.pytest_benchmark(FAST, [1.0499 * one for one in FAST]) == "nothing"
    assert rules.pytest_benchmark(FAST, [1.0501 * one for one in FAST]) == "slower"
    assert rules.pytest_benchmark(FAST, [*[1.0] * 9, 50.0]) == "nothing"


@pytest.mark.parametrize("factor", [1.0, 1.004, 1.008, 1.012, 1.016, 1.02, 1.04])
def test_the_mann_whitney_rules_follow_its_p_value(factor: float) -> None:
    other = [factor * one for one in FAST]
    p = scipy_stats.mannwhitneyu(FAST, other).pvalue
    assert rules.benchstat(FAST, other) == ("slower" if p < 0.05 else "nothing")
    assert rules.asv(FAST, other) == "nothing", "less than a factor of 1.1"


def test_asv_wants_a_factor_and_a_test() -> None:
    assert rules.asv(FAST, [1.11 * one for one in FAST]) == "slower"
    assert rules.asv(FAST, [1.09 * one for one in FAST]) == "nothing"
    assert rules.asv(FAST[:3], [1.5 * one for one in FAST[:3]]) == "nothing", "three are too few for 0.2 %"


def test_pyperf_is_read() -> None:
    slower = "Mean +- std dev: [a] 26.4 ms +- 5.4 ms -> [b] 29.5 ms +- 4.8 ms: 1.12x slower\n"
    assert rules.pyperf_said(slower) == "slower"
    assert rules.pyperf_said(slower.replace("slower", "faster")) == "faster"
    assert rules.pyperf_said("Benchmark hidden because not significant (1): work\n") == "nothing"
    with pytest.raises(ValueError, match="no verdict"):
        rules.pyperf_said("Traceback")


# ---------------------------------------------------------------- the workload and the load


@pytest.mark.parametrize("effect", EFFECTS_PERCENT)
def test_a_slow_down_is_exact(effect: int) -> None:
    assert 100 * workload.slowed(WORK.loops, effect) == WORK.loops * (100 + effect)
    process = WORK.startup_s + WORK.work_s * workload.slowed_process(WORK, effect) / WORK.loops
    assert process == pytest.approx(WORK.process_s * (1 + effect / 100), rel=1e-6)


def test_a_slow_down_that_is_not_exact_is_refused() -> None:
    with pytest.raises(ValueError, match="whole number"):
        workload.slowed(1001, 5)


def test_the_sources_run_the_loop() -> None:
    x = 1
    for _ in range(1000):
        x = (x * 48271 + 11) & 0xFFFFFFF
    names: dict = {}
    exec(workload.function(1000) + workload.pipeline(1000), names)  # noqa: S102
    assert names["work"]() == x == names["run"](names["make_inputs"](0))["x"]


def test_the_load_is_seeded_and_bounded() -> None:
    first, again, other = (list(itertools.islice(load.intervals(seed), 50)) for seed in ("0 1", "0 1", "0 2"))
    assert first == again != other
    assert [burning for burning, _ in first[:4]] == [True, False, True, False]
    assert all(load.SHORTEST_S <= length <= load.LONGEST_S for _, length in first)


def test_the_load_ends_whatever_happens() -> None:
    with pytest.raises(RuntimeError), load.disturbing("0") as pid:
        raise RuntimeError
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the process in /proc")
def test_the_load_ends_with_a_parent_that_is_killed() -> None:
    code = "import os\nfrom benchmarks.verdicts.load import disturbing\n"
    code += "with disturbing('0') as pid:\n    print(pid, flush=True)\n    os.kill(os.getpid(), 9)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid, deadline = int(done.stdout), time.monotonic() + 60
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# ---------------------------------------------------------------- cells and rounds


def test_cells_are_selected_by_rule_effect_and_state() -> None:
    names = ["perfkit", *PEERS]
    assert len(calibration.selected(names, [])) == len(names) * len(EFFECTS_PERCENT) * len(STATES)
    assert calibration.selected(names, ["asv/5/quiet"]) == [("pyperf", 5, "quiet")]
    assert calibration.selected(names, ["perfkit/0"]) == [("perfkit", 0, state) for state in STATES]
    both = calibration.selected(names, ["perfkit/0/quiet", "*/10/quiet"])
    assert len(both) == 1 + len(names)
    with pytest.raises(calibration.WrongUseError, match="selects nothing"):
        calibration.selected(names, ["perfkit/4"])


def test_a_round_holds_every_cell_once_with_its_state_together() -> None:
    cells = calibration.selected(["perfkit", *PEERS], [])
    first = calibration.order(0, 0, cells)
    assert first == calibration.order(0, 0, cells) != calibration.order(0, 1, cells)
    assert sorted(key for _, half in first for key in half) == sorted(cells)
    assert all(key[2] == state for state, half in first for key in half)
    assert {calibration.order(0, round_, cells)[0][0] for round_ in range(20)} == set(STATES)


def test_option_sets_are_rows() -> None:
    rows = calibration.perfkit_rows(["fork=--fork", "level=--error-level=0.01"])
    assert rows == {"perfkit": "", "perfkit:fork": "--fork", "perfkit:level": "--error-level=0.01"}
    for wrong in ("--fork", "fork", "--error-level=0.01"):
        with pytest.raises(calibration.WrongUseError, match="NAME=OPTIONS"):
            calibration.perfkit_rows([wrong])


# ---------------------------------------------------------------- the file


def test_what_is_appended_is_read_and_a_cut_line_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    first = trial(word="slower", low=0.9, high=1.1, baseline_s=(0.1, 0.2))
    append(file, Line(setting=SETTING))
    append(file, Line(trial=first))
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"trial":{"tool":"per')
    assert read(file) == ([SETTING], [first])
    append(file, Line(trial=first))
    assert read(file) == ([SETTING], [first, first])
    file.write_text("nonsense\n")
    with pytest.raises(ValueError, match="line 1"):
        read(file)


def test_a_file_is_not_overwritten_nor_another_experiment_pooled(tmp_path: Path, capsys) -> None:
    file = tmp_path / "raw.jsonl"
    append(file, Line(setting=SETTING))
    assert calibration.main(["--raw", str(file)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert calibration.main(["--raw", str(file), "--resume", "--seed", "5"]) == 2
    assert "another seed" in capsys.readouterr().err
    assert read(file) == ([SETTING], [])


# ---------------------------------------------------------------- counts


@pytest.mark.parametrize(("hits", "of"), [(0, 100), (1, 100), (37, 40), (100, 100), (0, 1), (95, 1000)])
def test_the_intervals_are_clopper_and_pearson_s(hits: int, of: int) -> None:
    expected = scipy_stats.binomtest(hits, of).proportion_ci(0.95, method="exact")
    assert Share(hits, of).interval == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_verdicts_are_counted() -> None:
    trials = [
        trial(effect=5, word="slower", low=0.94, high=0.96, stopped_because="decided", pairs=16),
        trial(effect=5, word="faster", low=1.01, high=1.02, stopped_because="the budget of 10 s", pairs=30),
        trial(effect=5, word="inconclusive", pairs=20, stopped_because="the budget of 10 s"),
        trial(effect=5, verdicts={}, error="ToolError: status 3"),
    ]
    cell = Cells(trials).get("perfkit", 5, "quiet")
    assert (cell.found, cell.wrong_signs, cell.alarms) == (Share(1, 3), Share(1, 3), Share(2, 3))
    assert (cell.covered, cell.early, cell.median("pairs")) == (Share(1, 2), 1, 20)
    assert Cells(trials).get("perfkit", 5, "disturbed").found is None


@pytest.mark.parametrize(
    ("hits", "of", "least", "most", "met"),
    [
        (0, 1000, 0.0, 0.01, "yes"),
        (0, 100, 0.0, 0.01, "likely"),
        (2, 100, 0.0, 0.01, "unlikely"),
        (10, 100, 0.0, 0.01, "no"),
        (0, 10, 0.0, 0.0, "yes"),
        (1, 1000, 0.0, 0.0, "no"),
        (99, 100, 0.9, 1.0, "yes"),
        (100, 100, 0.93, 0.97, "unlikely"),
        (1000, 1000, 0.93, 0.97, "no"),
    ],
)
def test_a_goal_is_judged_by_the_interval(hits: int, of: int, least: float, most: float, met: str) -> None:
    assert Goal("", Share(hits, of), least, most).met == met


def test_a_goal_says_when_it_was_measured_with_another_budget() -> None:
    found = goals(Cells([trial(effect=5, word="slower", budget_s=30.0)]), "perfkit", "quiet")
    assert "5 % found in 90 % or more within 10 s (measured with 30 s)" in [one.words for one in found]
    assert {one.met for one in found if one.measured is None} == {"not measured"}


# ---------------------------------------------------------------- the page


def test_the_page_of_a_file(tmp_path: Path) -> None:
    file, out = tmp_path / "raw.jsonl", tmp_path / "page.md"
    append(file, Line(setting=SETTING))
    for round_, state in itertools.product(range(40), STATES):
        own = {"state": state, "round": round_, "low": 0.94, "high": 0.96, "pairs": 16, "measuring_s": 3.0}
        own |= {"baseline_s": (0.02, 0.04), "contender_s": (0.021, 0.042)}
        append(file, Line(trial=trial(effect=5, word="slower" if round_ else "faster", **own)))
        append(file, Line(trial=trial(word="no difference", **own | {"low": 0.999, "high": 1.001})))
        peer = {"pyperf": "slower" if round_ % 2 else "nothing", "benchstat": "nothing", "asv": "nothing"}
        append(file, Line(trial=trial("pyperf", state=state, round=round_, verdicts=peer, took_s=11.0)))
    append(file, Line(trial=trial("pyperf", verdicts={}, error="ToolError: status 1")))
    assert calibration.main(["--render", str(file), "--output", str(out)]) == 0
    text = out.read_text()
    for expected in (
        "| `perfkit` | 0.0 % [0.0, 8.8] of 40 | 0.0 % [0.0, 8.8] of 40 | 4.0 / 4.0 |",
        "| `pyperf` | 50.0 % [33.8, 66.2] of 40 | 50.0 % [33.8, 66.2] of 40 | 11.0 / 11.0 |",
        "| `perfkit` | 97.5 % [86.8, 99.9] of 40 | 97.5 % [86.8, 99.9] of 40 | 2 of 80 | 4.0 / 4.0 |",
        "| `perfkit` | quiet | no wrong sign | 2.5 % [0.1, 13.2] of 40 | no |",
        "`perfkit` called the slower side faster at least once.",
        "failed, and are counted in no table: `pyperf` 1.",
        "| 5 % | 1.0502 [1.0491, 1.0513] | 1.05000 | 1.0500 [1.0500, 1.0500] of 160 |",
        "(`benchstat`) to 50.0 % (`pyperf`) did. Read what `pyperf` found below beside it",
        "Measured 2026-01-02 on a processor, 2 cores",
    ):
        assert expected in " ".join(text.split())
    assert "## 10 % slower" not in text, "what was not measured has no table"
    assert "fewer than 30" not in text
    assert text == page.render(*read(file)), "a second rendering gives the same bytes"


def test_a_page_of_nothing_is_refused(tmp_path: Path, capsys) -> None:
    file = tmp_path / "raw.jsonl"
    append(file, Line(setting=SETTING))
    assert calibration.main(["--render", str(file)]) == 2
    assert "no comparison" in capsys.readouterr().err
