"""What a script prints, without what differs from run to run by its nature, and with all else."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit.measure.printed import between, parted, settled, told

NOW = 1_767_000_000.0
"""On 29 December 2025."""


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("features: 12.3 s, accuracy 0.931", "features: <duration>, accuracy 0.931"),
        ("epoch   0: loss 1.4872 (0.038 s)", "epoch   0: loss 1.4872 (<duration>)"),
        ("Training took: 1.19 seconds", "Training took: <duration>"),
        ("done in 5ms", "done in <duration>"),
        ("1,234 ms", "<duration>"),
        ("1.5e-05 s", "<duration>"),
        ("2m 3.5s", "<duration>"),
        ("1h 02m 3s", "<duration>"),
        ("Total time: 1.5", "Total time: <duration>"),
        ("time (s): 0.53", "time (s): <duration>"),
        ("wall_time_s=3", "wall_time_s=<duration>"),
        ("elapsed 7", "elapsed <duration>"),
        ("Elapsed: 0:01:02.5", "Elapsed: <time>"),
        ("[12:34:56] loaded", "[<time>] loaded"),
        ("2025-12-29 12:34:56,789 INFO read", "<date> INFO read"),
        ("saved on 2025-12-28", "saved on <date>"),
        ("100%|##| 10/10 [00:12<00:00, 3.45it/s]", "100%|##| 10/10 [<time>, <rate>]"),
        ("1234 samples/s", "<rate>"),
        ("12.5 MB/s", "<rate>"),
        ("60 fps", "<rate>"),
        ("27.5x faster", "<ratio> faster"),
        ("speedup: 2.5x", "speedup: <ratio>"),
        ("<Model object at 0x7f12ab34cd>", "<Model object at <address>>"),
        ("pid 4711", "pid <process>"),
        ("wrote /tmp/tmpab12cd34/out.csv", "wrote <temporary>"),
        ("1%\r50%\r100% done", "100% done"),
        ("end \t ", "end"),
    ],
)
def test_what_changes_by_its_nature_stands_for_itself(line: str, left: str) -> None:
    assert settled(line, NOW) == left


@pytest.mark.parametrize(
    "line",
    [
        "distance 12 m, height 3 m",
        "3 min 0.9 max",
        "odds 3:45, ratio 1:30",
        "in the 1990s",
        "version 1.2.3, v2",
        "speed 9.81 m/s^2, 10 m/s",
        "checksum 0xdeadbeef",
        "best day: 2021-03-01",
        "2021-03-01 12:00:00,3.4",
        "conv 3x3, zoom 2x",
        "took 5% of it",
        "at time 5: x=2",
        "5 samples, 3 items",
        "accuracy 0.931, loss 1.25e-3",
        "1,2,3",
        "p95 of 12",
        "peak at 13:00",
        "id 00:1b:44",
    ],
)
def test_results_stay(line: str) -> None:
    assert settled(line, NOW) == line


def test_numbers_with_a_fraction_are_set_apart() -> None:
    assert parted("loss 0.25, -1.5 and [1. 2e-3] of 7") == (
        "loss <number>, <number> and [<number> <number>] of 7",
        [0.25, -1.5, 1.0, 0.002],
    )
    for line in ("1.2.3", "192.168.0.1", "v0.5", "a1e5b", "12 of 13", "0x1.8p3"):
        assert parted(line) == (line, [])


def test_lines_become_text_and_numbers() -> None:
    assert told(["a", "loss 0.5 (3 s)"]) == ("a", ("loss <number> (<duration>)", 0.5))
    assert told([]) is None


def test_of_very_many_lines_the_rest_is_a_digest_and_numbers() -> None:
    lines = [f"row {i}" for i in range(1000)]
    first = told(lines)
    assert first is not None
    assert first[:400] == tuple(lines[:400])
    assert first[-1].startswith("600 further lines, digest ")
    lines[-1] = "row another"
    assert told(lines) != first
    numbers = [f"{i / 8}" for i in range(1000)]
    *_, last = told(numbers)
    assert last[1:] == tuple(i / 8 for i in range(400, 1000))


def test_numbers_beyond_all_counting_are_in_the_digest() -> None:
    lines = [" ".join(["0.5"] * 1000) for _ in range(600)]
    first = told(lines)
    lines[-1] = lines[-1][:-3] + "0.6"
    assert told(lines) != first


def test_what_lies_between_two_positions(tmp_path: Path) -> None:
    content = b"before\r\nmine\r\n\xff\x00 bytes\nafter\n"
    (tmp_path / "stdout.txt").write_bytes(content)
    begin, end = len(b"before\r\n"), content.index(b"after")
    assert between(begin, end, str(tmp_path)) == ("mine", "\\xff\x00 bytes")
    assert between(end, end, str(tmp_path)) is None
    assert between(None, end, str(tmp_path)) is None


def test_a_line_without_an_end_is_taken_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "stdout.txt").write_bytes(b"x" * 200_000)
    found = between(0, 200_000, str(tmp_path))
    assert found is not None
    assert "".join(found) == "x" * 200_000
