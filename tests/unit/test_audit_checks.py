"""Each check both ways: what is right is left alone, what is wrong is named with the right figure."""

from __future__ import annotations

import pytest

from perfkit.audit import AuditFinding, audit

STAGES = """\
| stage | before | after | speedup |
| - | - | - | - |
| load | 12.00 s | 3.00 s | 4.00x |
| calc | 30.00 s | 2.00 s | 15.0x |
| total | 42.00 s | 5.00 s | 8.40x |
"""
PAIR = "The job took 34.7 s before and 0.886 s after"


def findings(text: str, check: str, *, markdown: bool = True) -> list[AuditFinding]:
    return [one for one in audit(text, markdown=markdown).findings if one.check == check]


def severities(text: str, check: str, *, markdown: bool = True) -> list[str]:
    return [one.severity for one in findings(text, check, markdown=markdown)]


def contradicted(text: str) -> list[str]:
    return [one.check for one in audit(text).of("contradicted")]


@pytest.mark.parametrize(
    ("text", "check", "severity"),
    [
        (f"{PAIR}: 39.2x faster.", "speedup", "consistent"),
        (f"{PAIR}: 49.2x faster.", "speedup", "contradicted"),
        (f"{PAIR}: 39.1x faster.", "speedup", "consistent"),
        (f"{PAIR}: more than 39x faster.", "speedup", "consistent"),
        (f"{PAIR}: more than 50x faster.", "speedup", "contradicted"),
        (f"{PAIR}: up to 40x faster.", "speedup", "consistent"),
        (f"{PAIR}: about 40x faster.", "speedup", "consistent"),
        (f"{PAIR}: about 60x faster.", "speedup", "contradicted"),
        (f"{PAIR}: 40x faster.", "speedup", "doubtful"),
        (f"{PAIR}: 39.0x faster.", "speedup", "doubtful"),
        (f"{PAIR}: 30-40x faster.", "speedup", "consistent"),
        ("It went from 1 min 40 s to 2,000 ms, 50x faster.", "speedup", "consistent"),
        ("It runs in 0.886 s instead of 34.7 s (39.2x).", "speedup", "consistent"),
        ("It runs in 0.886 s, down from 34.7 s: 29.2x faster.", "speedup", "contradicted"),
        ("from 22.6 to 0.1 s (226x)", "speedup", "consistent"),
        ("from 22.6 to 0.1 s (22x)", "speedup", "contradicted"),
        ("34.7s→0.886s (39x)", "speedup", "consistent"),
        ("evaluation 0.5 -> 0.02 (25x)", "speedup", "consistent"),
        ("evaluation 0.5 -> 0.02 (99x)", "speedup", "contradicted"),
        ("It went from 1.0 s to 2.0 s, 2x slower.", "speedup", "consistent"),
        ("It went from 1.0 s to 2.0 s, 3x slower.", "speedup", "contradicted"),
        ("It rose from 100 items/s to 250 items/s, 2.5x faster.", "speedup", "consistent"),
        ("It rose from 100 items/s to 250 items/s, 4.0x faster.", "speedup", "contradicted"),
        ("It went from 12 ms/iteration to 3 ms/iteration (4x).", "speedup", "consistent"),
        (
            "The original took 34.7 s. The rewrite takes 0.886 s. So it is 12x faster.",
            "speedup",
            "contradicted",
        ),
        ("It went from 100 s to 10 s ± 4 s, 15x faster.", "speedup", "consistent"),
        ("It went from 42.41 s to 127.2 ms, 350x faster [240, 460].", "speedup", "consistent"),
        (f"{PAIR}. It is 2x faster than the competitor.", "speedup", "not checked"),
        ("It went from 10.0 s to 4.0 s: 150 % faster.", "percent-faster", "consistent"),
        ("It went from 10.0 s to 4.0 s: 60 % faster.", "percent-faster", "doubtful"),
        ("It went from 10.0 s to 4.0 s: 80 % faster.", "percent-faster", "contradicted"),
        ("It got slower, from 1.0 s to 2.0 s: 100 % slower.", "percent-faster", "consistent"),
        ("Reduced by 97.4 %, from 34.7 s to 0.886 s.", "percent-saved", "consistent"),
        ("Reduced by 94.7 %, from 34.7 s to 0.886 s.", "percent-saved", "contradicted"),
        ("From 34.7 s to 0.886 s, a 97.4 % reduction.", "percent-saved", "consistent"),
        (f"{PAIR}: 2.6 % of the original time.", "percent-left", "consistent"),
        (f"{PAIR}: 6.2 % of the original time.", "percent-left", "contradicted"),
        (f"{PAIR}, saving 33.8 s.", "time-saved", "consistent"),
        (f"{PAIR}, saving 30.8 s.", "time-saved", "contradicted"),
        ("From 34.7 s to 0.886 s, a 97.4 % improvement.", "percent-change", "consistent"),
        ("From 34.7 s to 0.886 s, a 50.0 % improvement.", "percent-change", "contradicted"),
    ],
)
def test_claims_beside_two_times(text: str, check: str, severity: str) -> None:
    assert severities(text, check) == [severity]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Original", "Optimised"),
        ("old", "new"),
        ("Baseline (s)", "Contender (s)"),
        ("before", "after"),
        ("v1", "v2"),
        ("Unoptimized time", "Optimized time"),
        ("naive", "vectorised"),
    ],
)
def test_columns_have_many_names(before: str, after: str) -> None:
    table = f"| stage | {before} | {after} | Speedup |\n|-|-|-|-|\n| load | 12.0 | 3.0 | SPEED |\n"
    assert severities(table.replace("SPEED", "4.0x"), "speedup") == ["consistent"]
    assert severities(table.replace("SPEED", "5.2x"), "speedup") == ["contradicted"]


@pytest.mark.parametrize(
    "table",
    [
        "| | load | total |\n|-|-|-|\n| before | 12.0 s | 42.0 s |\n| after | 3.0 s | 5.0 s |\n"
        "| speedup | 4.0x | BAD |",
        "| metric | value |\n|-|-|\n| Original time | 42.0 s |\n"
        "| Optimised time | 5.0 s |\n| Speedup | BAD |",
        "| version | time | speedup |\n|-|-|-|\n| baseline | 42.0 s | 1.0x |\n| numba | 5.0 s | BAD |",
        "| new (ms) | old (s) | speedup | step |\n|-|-|-|-|\n| 5000 | 42.0 | BAD | all |",
        "- Original: 42.0 s\n- Optimised: 5.0 s\n- Speedup: BAD",
        "- Loading: 42.0 s → 5.0 s (BAD)",
        "| what | unit | before | after | speedup |\n|-|-|-|-|-|\n| job | s | 42.0 | 5.0 | BAD |",
        "| | before | after | speedup |\n|-|-|-|-|\n| all | 0:00:42 | 0:00:05 | BAD |",
        "| | old time | old memory | new time | new memory | speedup |\n|-|-|-|-|-|-|\n"
        "| job | 42.0 s | 10 MB | 5.0 s | 12 MB | BAD |",
    ],
)
def test_layouts(table: str) -> None:
    assert contradicted(table.replace("BAD", "8.4x")) == []
    assert contradicted(table.replace("BAD", "9.9x")) == ["speedup"]


@pytest.mark.parametrize(
    "row",
    [
        "| load | 2-4s (full) | <100ms (instant) | **20-40x faster** |",
        "| load | ~2-3 min | ~30-40s | 3-5x |",
        "| load | 240 to 248 s | 55 to 58 s | 4.3x |",
        "| load | 16+ hours | 1-2.5 hours | 75-90% reduction |",
        "| load | 4,783 MB | 642 MB | 7.5x less memory |",
        "| load | 600 KB | 100 bytes | **6000x** |",
        "| load | Sequential | Batch | 10-50x faster |",
        "| load | 2,052 | 0 | **Eliminated** |",
        "| load | 0.36 s | 0.0 s | 1200x faster |",
        "| load | 0.077s | 0.081s | — |",
        "| load | 18s | 18s | Same |",
        "| load | 249µs | 344µs | 0.72x |",
    ],
)
def test_rows_as_people_write_them(row: str) -> None:
    assert contradicted(f"| what | before | after | improvement |\n|-|-|-|-|\n{row}\n") == []


def test_figures_per_item_are_no_parts_of_the_total() -> None:
    table = (
        "| operation | before | after |\n|-|-|-|\n| loading (per gene) | 20 s | 0.2 s |\n"
        "| loading (all) | 760 s | 8 s |\n| plotting (all) | 684 s | 171 s |\n"
        "| Total time | 24 min | 36 s |\n"
    )
    found = findings(table, "stages-total")
    assert [(one.severity, one.figure) for one in found] == [
        ("contradicted", "36 s"),
        ("consistent", "24 min"),
    ]


def test_two_columns_of_times_without_sides_can_only_confirm() -> None:
    table = "| op | serial | parallel | speedup |\n|-|-|-|-|\n| sort | 29.79 ms | 4.93 ms | RATIO |\n"
    assert severities(table.replace("RATIO", "6.04x"), "speedup") == ["consistent"]
    assert severities(table.replace("RATIO", "7.04x"), "speedup") == ["not checked"]


def test_a_percentage_said_to_be_faster_is_not_that_much_less_time() -> None:
    table = "| op | before | after | speedup |\n|-|-|-|-|\n| inv | 6.6 µs | 4.5 µs | **32% faster** |\n"
    (found,) = findings(table, "percent-faster")
    assert (found.severity, found.right) == ("doubtful", "44 to 49 %")


def test_a_ratio_column_without_a_direction_may_be_either() -> None:
    table = "| a | before | after | ratio |\n|-|-|-|-|\n| x | 4.0 s | 2.0 s | RATIO |\n"
    assert severities(table.replace("RATIO", "0.50"), "speedup") == ["consistent"]
    assert severities(table.replace("RATIO", "0.70"), "speedup") == ["contradicted"]


def test_the_right_figure_is_a_range_where_the_digits_leave_it_open() -> None:
    (digits,) = findings("The run took 0.5 s before, 0.02 s after (25x).", "digits")
    assert digits.severity == "doubtful"
    assert digits.right == "18x to 37x"
    assert findings(f"{PAIR}: 39x faster.", "digits") == []
    (digits,) = findings(f"{PAIR}: 39.18x faster.", "digits")
    assert digits.right == "39x"
    assert findings("from 0.5 s to 0.02 s: 25x faster [20, 31]", "digits") == []  # it says how sure it is


def test_stages_against_the_total() -> None:
    assert severities(STAGES, "stages-total") == ["consistent", "consistent"]
    too_much = findings(STAGES.replace("42.00", "35.00").replace("8.40x", "7.00x"), "stages-total")
    assert [one.severity for one in too_much] == ["contradicted", "consistent"]
    assert "more than the total of 35.00 s" in too_much[0].finding
    missing = findings(STAGES.replace("5.00 s", "8.00 s").replace("8.40x", "5.25x"), "stages-total")
    assert [one.severity for one in missing] == ["doubtful", "consistent"]
    assert "(37.3 to 37.7 %) are in no stage" in missing[0].finding
    little = findings(STAGES.replace("42.00 s", "42.50 s").replace("8.40x", "8.50x"), "stages-total")
    assert [one.severity for one in little] == ["consistent", "consistent"]


def test_stages_in_prose_against_the_total_in_prose() -> None:
    text = (
        "The original took 34.7 s, the optimised version 0.886 s.\n\n## Stages\n\n"
        "- Extraction: 22.6 s → 0.1 s\n- Training: 11.6 s → 0.4 s\n- Evaluation: 0.5 s → 0.02 s\n"
    )
    before, after = sorted(findings(text, "stages-total"), key=lambda one: one.severity)
    assert before.severity == "consistent"
    assert after.severity == "doubtful"
    assert "are in no stage" in after.finding
    other = text.replace("0.886", "0.52")
    assert contradicted(other.replace("22.6 s", "52.6 s")) == ["stages-total"]
    # Neither side adds up: they may be parts of something else.
    assert severities(text.replace("22.6 s", "52.6 s"), "stages-total") == ["not checked", "not checked"]


def test_nested_and_parallel_stages_are_not_summed_blindly() -> None:
    nested = STAGES.replace("| calc", "| └ part of load | 11.00 s | 2.50 s | 4.40x |\n| calc")
    assert severities(nested, "stages-total") == ["consistent", "consistent"]
    unmarked = STAGES.replace("| calc", "| part of load | 11.00 s | 2.50 s | 4.40x |\n| calc")
    assert severities(unmarked, "stages-total") == ["not checked", "not checked"]
    parallel = STAGES.replace("42.00", "33.00").replace("8.40x", "6.60x") + "\nThe stages run in parallel."
    assert severities(parallel, "stages-total") == ["doubtful", "consistent"]


def test_shares() -> None:
    table = (
        "| stage | before | after | share |\n|-|-|-|-|\n| load | 12.0 s | 3.0 s | LOAD |\n"
        "| calc | 30.0 s | 2.0 s | 71.4 % |\n| total | 42.0 s | 5.0 s | 100.0 % |\n"
    )
    assert contradicted(table.replace("LOAD", "28.6 %")) == []
    assert contradicted(table.replace("LOAD", "27.6 %")) == ["share"]
    assert contradicted(table.replace("LOAD", "38.6 %")) == ["share", "shares-sum"]
    for sentence, wrong in (
        ("Load accounts for 28.6 % of the total time.", []),
        ("Load accounts for 55 % of the total time.", ["share"]),
        ("Load is 24.3 % of the time saved.", []),
        ("Load is 34.3 % of the time saved.", ["share"]),
        ("Load takes 60 % of the time.", []),
    ):
        assert contradicted(f"{STAGES}\n{sentence}") == wrong, sentence


def test_claims_in_prose_about_a_table() -> None:
    for sentence, severity in (
        ("Overall it is 8.4x faster.", "consistent"),
        ("Overall it is 9.9x faster.", "contradicted"),
        ("The calc stage is 15x faster.", "consistent"),
        ("The calc stage is 19.5x faster.", "contradicted"),
        ("The calc stage is 4.00x faster.", "doubtful"),  # that is load's
        ("Thanks to calc the pipeline is 8.4x faster.", "consistent"),
        ("Somehow it is 99x faster.", "not checked"),
    ):
        found = [one for one in findings(f"{STAGES}\n{sentence}", "speedup") if one.line == 7]
        assert [one.severity for one in found] == [severity], sentence


def test_the_whole_cannot_gain_more_than_its_best_stage() -> None:
    table = "| stage | speedup |\n|-|-|\n| a | 2.0x |\n| b | 3.0x |\n"
    (found,) = findings(f"{table}| total | 6.0x |\n", "ratio-bound")
    assert found.severity == "contradicted"
    assert "it is their product" in found.finding
    assert findings(f"{table}| total | 2.5x |\n", "ratio-bound") == []
    assert severities(f"{table}\nThe overall speedup is 6x.", "ratio-bound") == ["doubtful"]


def test_averages_of_ratios() -> None:
    assert severities(f"{STAGES}\nThe average speedup is 9.5x.", "average-of-ratios") == ["doubtful"]
    assert severities(f"{STAGES}\nThe mean speedup (geometric) is 7.7x.", "average-of-ratios") == [
        "consistent"
    ]
    assert severities(f"{STAGES}\nThe average speedup is 20x.", "average-of-ratios") == ["contradicted"]
    assert severities("The average speedup is 20x.", "average-of-ratios") == ["not checked"]


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("We got 39.18x, 39 % faster than a 33x target.", "contradicted"),
        ("We got 39.18x, 18.7 % faster than a 33x target.", "consistent"),
        ("The speedup is 39.18x. It exceeds the target of 33.0x by 19 %.", "consistent"),
        ("The speedup is 39.18x. It exceeds the target of 33.0x by 39 %.", "contradicted"),
        ("A speedup of 30x is 9 % below the target of 33x.", "consistent"),
        ("A speedup of 30x is 19 % below the target of 33x.", "contradicted"),
        ("It exceeds the target by 39 %.", "not checked"),
    ],
)
def test_percent_over_a_target(text: str, severity: str) -> None:
    found = findings(text, "target-percent")
    assert [one.severity for one in found] == [severity]
    if "39.18x" in text and severity == "contradicted":
        assert found[0].right == "18.7 %"


def test_a_target_said_to_be_met() -> None:
    assert severities("We met the 50x target with a 39x speedup.", "target-met") == ["contradicted"]
    assert severities("We met the 33x target with a 39x speedup.", "target-met") == ["consistent"]
    assert severities("We missed the 50x target with a 39x speedup.", "target-met") == ["consistent"]
    assert severities("If we met the 50x target with a 39x speedup, fine.", "target-met") == []


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("Accuracy rose from 50.0 % to 60.0 %, a gain of 10 percentage points.", "consistent"),
        ("Accuracy rose from 50.0 % to 60.0 %, a gain of 20 %.", "consistent"),
        ("Accuracy rose from 50.0 % to 60.0 %, a gain of 10 %.", "doubtful"),
        ("Accuracy rose from 50.0 % to 60.0 %, a gain of 20 percentage points.", "contradicted"),
        ("Accuracy rose from 50.0 % to 60.0 %, a gain of 33 %.", "contradicted"),
        ("Accuracy dropped from 98.0 % to 96.0 %, a drop of 2 points.", "consistent"),
    ],
)
def test_points_against_per_cent(text: str, severity: str) -> None:
    assert severities(text, "points") == [severity]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("There are 10 classes. The accuracy is 10.3 %.", ["doubtful"]),
        ("There are ten classes. The accuracy is 0.103.", ["doubtful"]),
        ("There are 10 classes. The accuracy is 95 %.", ["consistent"]),
        ("A binary classifier: binary classification, accuracy of 51 %.", ["doubtful"]),
        ("There are 10 classes, later 5 classes. The accuracy is 10 %.", []),
        ("The accuracy is 10 %.", []),
        ("n_classes = 4\n\n| metric | before | after |\n|-|-|-|\n| accuracy | 0.26 | 0.25 |", ["doubtful"]),
    ],
)
def test_accuracy_at_chance(text: str, found: list[str]) -> None:
    assert severities(text, "chance") == found


@pytest.mark.parametrize(
    ("text", "check", "severity"),
    [
        (
            "Outputs are equivalent. O(n^2) distances were replaced by an O(n) norm."
            " Compared within a tolerance.",
            "equivalence-complexity",
            "doubtful",
        ),
        (
            "The results are identical. The outputs were not compared.",
            "equivalence-uncompared",
            "contradicted",
        ),
        ("They are bit-identical; the maximum difference is 1e-7.", "equivalence-difference", "contradicted"),
        ("Accuracy is identical: 10.2 % before and 9.8 % after.", "equivalence-accuracy", "contradicted"),
        ("All outputs were verified.", "equivalence-evidence", "doubtful"),
        ("The results are the same. A subsampled distance is used.", "equivalence-approximation", "doubtful"),
        ("The outputs are identical: compared within a tolerance of 1e-9.", "equivalence", "not checked"),
    ],
)
def test_claims_of_equality(text: str, check: str, severity: str) -> None:
    assert severities(text, check) == [severity]


@pytest.mark.parametrize(
    "text",
    [
        "The outputs are not equivalent.",
        "Whether the results are identical is open.",
        "The loop is O(n^2) before and O(n) now.",
        "Accuracy is identical: 10.2 % before and 10.2 % after, compared by hash.",
        "They are bit-identical; the maximum difference is 0.0, compared by hash.",
    ],
)
def test_what_is_no_wrong_claim_of_equality(text: str) -> None:
    checks = {one.check for one in audit(text).findings if one.severity in {"contradicted", "doubtful"}}
    assert not {one for one in checks if one.startswith("equivalence")}


@pytest.mark.parametrize(
    ("text", "check", "expected"),
    [
        ("It is 4x faster. One run each.", "single-run", 1),
        ("It is 4x faster (n = 1).", "single-run", 1),
        ("It is 4x faster. Each was run once.", "single-run", 1),
        ("It is 4x faster. np.sqrt ran once per item; now a single run of np.sqrt.", "single-run", 0),
        ("It is 4x faster.", "no-interval", 1),
        ("It is 4x faster, the median of 7 runs.", "no-interval", 1),
        ("It is 4x faster [3.5, 4.5].", "no-interval", 0),
        ("It is 4x faster; the standard deviation is 2 %.", "no-interval", 0),
        ("All timings were taken under cProfile.", "profiler", 1),
        ("We measured the times with line_profiler.", "profiler", 1),
        ("Times under a profiler are distorted; they explain.", "profiler", 0),
        ("The times were taken without a profiler.", "profiler", 0),
        ("It is 1.02x faster [0.97, 1.08].", "interval", 1),
        ("It is 3.0x faster [5, 7].", "interval", 1),
        ("It is 6.0x faster [5, 7].", "interval", 0),
        (f"{STAGES}\n`work()` is 15.0x faster.", "function-ratio", 1),
        (f"{STAGES}\n`calc()` is 15.0x faster.", "function-ratio", 0),
        (f"{STAGES}\n`work()` is 14.3x faster.", "function-ratio", 0),
        (f"{STAGES}\nThe stage of `work()` is 15.0x faster.", "function-ratio", 0),
    ],
)
def test_evidence(text: str, check: str, expected: int) -> None:
    assert len(findings(text, check)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("It is 39x faster.", "the times that it is of are not in the report"),
        ("It uses 2x more code.", "what it is of is not said"),
        ("It is much faster now.", "it has no figure"),
        ("It took 34,7 s.", "one number or two"),
        ("```text\n5x faster\n```", "a block of code is not read"),
        ("| what | speedup |\n|-|-|\n| a | 3x |\n| b | 4x |", "no columns for before and after"),
        (
            "| | old time | old cpu | new time | new cpu | speedup |\n|-|-|-|-|-|-|\n"
            "| a | 4 s | 3 s | 2 s | 1 s | 2x |",
            "several columns are before and after",
        ),
    ],
)
def test_what_cannot_be_parsed_is_listed(text: str, reason: str) -> None:
    assert any(reason in one.finding for one in audit(text).of("not checked"))
    assert not audit(text).of("contradicted")


def test_nothing_to_check() -> None:
    assert audit("Hello there.\n\n| a | b |\n|-|-|\n| 1 | 2 |\n").findings == ()


def test_every_kind_of_line_break_counts_the_same() -> None:
    text = f"# A\n\n{PAIR}: 99x faster.\n"
    assert {
        audit(text.replace("\n", ending)).of("contradicted")[0].line for ending in ("\n", "\r\n", "\r")
    } == {3}
