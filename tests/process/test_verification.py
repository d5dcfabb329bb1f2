"""Verifications of real processes: what dies, what cannot be fed, what repeats itself, what is declared."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit import catalog
from perfkit.api import verification
from perfkit.api.bench import Bench
from perfkit.errors import RunError, UsageError
from perfkit.model import Equivalence, Finding, Scrutiny
from perfkit.report import equality
from tests.pipelines import BASELINE, OPTIMIZED, project

HEAD = """
import os, sys, random
import numpy as np
from perfkit import stage

def make_inputs(seed: int, *, n: int = 64):
    if n < 0:
        raise ValueError("n is negative")
    return np.random.default_rng(seed).normal(size=n)
"""
SCALE = """
@stage("scale")
def scale(x):
    return x * 2.0
"""
TOTAL = """
@stage("total")
def total(x):
    return float(x.sum())

def run(inputs):
    return {"total": total(scale(inputs))}
"""


def bench(root: Path, config: str = "") -> Bench:
    (root / "pyproject.toml").write_text(
        f'[tool.perfkit]\npipeline = "squares"\n[tool.perfkit.pipelines.squares]\nsize = "n"\n{config}\n'
    )
    found = catalog.open_project(root)
    return Bench(project=found, pipeline=catalog.find_pipeline(found, None), timeout_s=120)


def scrutiny(root: Path, baseline: str, contender: str, config: str = "") -> Scrutiny:
    project(root, baseline=HEAD + baseline, optimized=HEAD + contender)
    return verification.verify(bench(root, config), "baseline", "optimized").scrutiny


def finding(found: Scrutiny, check: str) -> Finding:
    return next(one for one in found.findings if one.check == check)


def stage(found: tuple[Equivalence, ...], name: str) -> Equivalence:
    return next(one for one in found if one.stage == name)


def test_an_honest_rewrite_is_verified_and_nothing_is_left_behind(tmp_path: Path) -> None:
    root = project(tmp_path, baseline=BASELINE, optimized=OPTIMIZED)
    report = verification.verify(bench(root), "baseline", "optimized")
    assert equality.judge(report.scrutiny).verified
    assert {one.verdict for one in report.scrutiny.findings} == {"clean"}
    assert {one.kind for one in report.scrutiny.verifications} == {"main", "size", "edge"}
    # Inputs differ in their start alone, so that two seeds in seven share all that they give.
    assert {plant for one in report.scrutiny.weak_checks for plant in one.accepts} <= {
        "the previous repeat's output"
    }
    assert {one.verdict for one in report.scrutiny.differential} == {"identical"}
    folder = root / "reports" / "squares"
    assert (folder / "verifications" / report.id / "verification.json").is_file()
    assert not list(folder.rglob("*.npy"))
    assert not (folder / ".staging").exists()


def test_the_guilty_stage_is_named_and_not_what_follows_from_it(tmp_path: Path) -> None:
    wrong = SCALE.replace("2.0", "2.0 + (np.arange(len(x)) == 0) * 1e-3")
    found = scrutiny(tmp_path, SCALE + TOTAL, wrong + TOTAL)
    assert stage(found.verifications[0].stages, "total").verdict == "different"
    assert stage(found.differential, "scale").verdict == "different"
    assert stage(found.differential, "total").verdict == "identical"
    judged = equality.judge(found)
    assert "".join(span.text for span in judged.why) == "scale differs"


def test_a_process_that_dies_at_an_edge_loses_that_trial_alone(tmp_path: Path) -> None:
    dies = SCALE.replace("return x", "if np.isnan(x).any(): os.kill(os.getpid(), 9)\n    return x")
    found = scrutiny(tmp_path, SCALE + TOTAL, dies + TOTAL)
    lost = [one for one in found.verifications if one.contender_error]
    assert [one.name for one in lost] == ["NaN"]
    assert "SIGKILL" in lost[0].contender_error
    names = [one.name for one in found.verifications]
    assert names.index("infinity") > names.index("NaN")
    assert finding(found, "edge_inputs").verdict == "different"
    assert not equality.judge(found).verified


def test_the_first_trial_must_run(tmp_path: Path) -> None:
    fails = SCALE.replace("return x", "raise KeyError('x')\n    return x")
    with pytest.raises(RunError, match=r"optimized/squares\.py raised KeyError: 'x' in stage 'scale'"):
        scrutiny(tmp_path, SCALE + TOTAL, fails + TOTAL)
    assert not (tmp_path / "reports/squares/.staging").exists()


def test_where_the_baseline_raises_the_contender_must_raise(tmp_path: Path) -> None:
    strict = SCALE.replace("return x", "if not len(x): raise ValueError('empty')\n    return x")
    found = scrutiny(tmp_path, strict + TOTAL, SCALE + TOTAL)
    said = finding(found, "edge_inputs")
    assert said.verdict == "different"
    assert "empty input (n=0): the baseline raises ValueError: empty" in said.sentence
    both = scrutiny(tmp_path / "both", strict + TOTAL, strict + TOTAL)
    assert finding(both, "edge_inputs").verdict == "clean"


def test_arguments_that_cannot_be_copied_are_not_fed(tmp_path: Path) -> None:
    handed = """
class Handle:
    def __init__(self, x):
        self.x = x
    def __deepcopy__(self, memo):
        raise RuntimeError("one of a kind")
    def __reduce__(self):
        raise RuntimeError("one of a kind")

@stage("scale")
def scale(handle):
    return handle.x * 2.0

def run(inputs):
    return {"total": float(scale(Handle(inputs)).sum())}
"""
    found = scrutiny(tmp_path, handed, handed)
    assert stage(found.differential, "scale").verdict == "not checked"
    assert "cannot be copied" in stage(found.differential, "scale").reason
    assert equality.judge(found).verified


def test_stages_with_another_signature_are_not_fed(tmp_path: Path) -> None:
    other = """
@stage("scale")
def scale(x, factor):
    return x * factor
"""
    found = scrutiny(tmp_path, SCALE + TOTAL, other + TOTAL.replace("scale(inputs)", "scale(inputs, 2.0)"))
    assert stage(found.differential, "scale").verdict == "not checked"
    assert "does not take the baseline's arguments" in stage(found.differential, "scale").reason
    assert equality.judge(found).verified


def test_a_baseline_that_does_not_repeat_itself_decides_nothing(tmp_path: Path) -> None:
    noisy = SCALE.replace("x * 2.0", "x * 2.0 + random.SystemRandom().random()")
    found = scrutiny(tmp_path, noisy + TOTAL, noisy + TOTAL)
    one = stage(found.verifications[0].stages, "scale")
    assert one.verdict == "inconclusive"
    assert "another output for the same seed" in one.reason
    assert not equality.judge(found).verified


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "statistically equivalent"), (2.0, "different")])
def test_a_declared_random_output_is_tested(tmp_path: Path, shift: float, verdict: str) -> None:
    noisy = """
def run(inputs):
    rng = np.random.default_rng()
    return {"estimate": float(rng.normal(SHIFT, 0.1, 50).mean()), "n": len(inputs)}
"""
    config = """stochastic = { result = { of = "['estimate']", margin = 0.2, reason = "Monte Carlo" } }"""
    found = scrutiny(tmp_path, noisy.replace("SHIFT", "0.0"), noisy.replace("SHIFT", str(shift)), config)
    one = stage(found.verifications[0].stages, "result")
    assert one.verdict == verdict, one
    assert "margin 0.2" in one.reason
    assert one.tolerance_reason == "Monte Carlo"


def test_renamed_split_and_fused_stages_are_mapped(tmp_path: Path) -> None:
    ours = (
        SCALE
        + """
@stage("clip")
def clip(x):
    return np.clip(x, -1, 1)

@stage("total")
def total(x):
    return float(x.sum())

def run(inputs):
    return {"total": total(clip(scale(inputs)))}
"""
    )
    theirs = """
@stage("double")
def double(x):
    return x + x

@stage("clipped total")
def total(x):
    return float(np.clip(x, -1, 1).sum())

def run(inputs):
    return {"total": total(double(inputs))}
"""
    config = 'stages = { scale = "double", total = "clipped total", clip = { fused_into = "total" } }'
    found = scrutiny(tmp_path, ours, theirs, config)
    assert stage(found.verifications[0].stages, "scale").verdict in equality.PASSED
    assert stage(found.verifications[0].stages, "clip").reason == "fused into total"
    judged = equality.judge(found)
    assert judged.verified
    assert "fused into others" in "".join(span.text for span in judged.proviso)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ('stages = { scael = "x" }', "the baseline has no stage 'scael'; it has: scale, total"),
        (
            'declared = { memoised_results = "x" }',
            "there is no check 'memoised_results': did you mean 'memoised_result'",
        ),
        ('declared = { memoised_result = " " }', "give the reason"),
        ('stochastic = { result = { margin = 0.0, reason = "x" } }', "margin is the largest difference"),
        ('stochastic = { result = { margin = 0.1, reason = "x", runs = 3 } }', "at least 10 runs"),
    ],
)
def test_a_wrong_configuration_is_said(tmp_path: Path, config: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        scrutiny(tmp_path, SCALE + TOTAL, SCALE + TOTAL, config)


def test_what_is_declared_is_told_and_not_held_against(tmp_path: Path) -> None:
    threads = """
from threading import Thread
@stage("scale")
def scale(x):
    out = []
    thread = Thread(target=lambda: out.append(x * 2.0))
    thread.start()
    thread.join()
    return out[0]
"""
    found = scrutiny(tmp_path, SCALE + TOTAL, threads + TOTAL)
    assert finding(found, "extra_parallelism").verdict == "trick", found.findings
    declared = scrutiny(
        tmp_path / "b", SCALE + TOTAL, threads + TOTAL, 'declared = { extra_parallelism = "one thread" }'
    )
    assert finding(declared, "extra_parallelism").verdict == "declared"
    assert finding(declared, "extra_parallelism").why == "one thread"
    assert equality.judge(declared).verified, declared.findings


def test_the_seed_is_unknown_while_the_variant_is_imported(tmp_path: Path) -> None:
    spying = """
SEEN = []
frame = sys._getframe()
while frame is not None:
    SEEN += [repr(one) for one in list(frame.f_locals.values()) if isinstance(one, dict) and "root" in one]
    frame = frame.f_back
assert SEEN and not any("'seed'" in one or "'trials'" in one for one in SEEN), SEEN
"""
    found = scrutiny(tmp_path, SCALE + TOTAL, spying + SCALE + TOTAL)
    assert finding(found, "borrowed_answer").verdict == "trick"  # it looked into frames, in vain


def test_a_loose_tolerance_is_shown_not_to_bite(tmp_path: Path) -> None:
    loose = 'tolerances = { scale = { rtol = 0.9, reason = "anything goes" } }'
    found = scrutiny(tmp_path, SCALE + TOTAL, SCALE + TOTAL, loose)
    weak = {one.stage: one.accepts for one in found.weak_checks}
    assert set(weak) == {"scale"}
    assert weak["scale"]  # which of the plants pass depends on the values drawn


def test_a_search_finds_the_smallest_input_that_differs(tmp_path: Path) -> None:
    odd = SCALE.replace("return x", "x = x + (1.0 if len(x) in (5, 6, 7) else 0.0)\n    return x")
    project(tmp_path, baseline=HEAD + SCALE + TOTAL, optimized=HEAD + odd + TOTAL)
    found = verification.verify(bench(tmp_path), "baseline", "optimized", thorough=True).scrutiny
    assert found.searched > 20
    searched = [one for one in found.verifications if one.name.endswith("searched")]
    assert searched[0].name == "n=5, searched"
    assert searched[0].seed == 0
    assert "scale" in equality.differing(searched[0])
    assert not equality.judge(found).verified


def test_a_search_that_finds_nothing_says_so(tmp_path: Path) -> None:
    project(tmp_path, baseline=HEAD + SCALE + TOTAL, optimized=HEAD + SCALE + TOTAL)
    found = verification.verify(bench(tmp_path), "baseline", "optimized", thorough=True).scrutiny
    assert found.searched > 50
    assert equality.judge(found).verified


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files as Linux does")
@pytest.mark.parametrize(
    ("limit", "status", "words"),
    [
        (20_000_000, 0, "verified"),
        (200_000, 4, "not checked"),  # arrays find no room whole: samples alone prove nothing equal
        (4_000, 3, "there is no room for what a verification keeps"),
    ],
)
def test_a_full_disk_is_told(tmp_path: Path, limit: int, status: int, words: str) -> None:
    """A limit on the size of a file stands for the disk: both refuse the write."""
    large = HEAD + "def run(x):\n    return np.arange(100_000.0) + x.sum()\n"
    near = HEAD + "def run(x):\n    return (np.arange(100_000.0) + x.sum()) * (1 + 1e-12)\n"
    root = project(tmp_path, baseline=large, optimized=near)

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "verify", "baseline", "optimized"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=full,
    )
    assert done.returncode == status, done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if status == 3:
        assert not list((root / "reports/squares").glob("verifications/*"))
