"""The set itself: every module runs, every trick does what its name says, every honest one is right."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.honesty.cases import CASES, HERE, HONEST, TRICKS, Case, write_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Facts = dict[str, Any]
STATISTICAL = {"orders_bootstrap_declared", "option_price_antithetic_declared"}
SINGLE_PRECISION = {"distances_float32_declared"}
OTHER_STAGES = {"words_fused", "orders_renamed_stage", "spectra_split_stage"}  # mapped by their configuration


def observe(folder: Path, *, torch: bool) -> dict[str, Facts]:
    """Write the projects, run them in one process that forks for each, and return what was seen."""
    specs = []
    ordinary = {case.pipeline: case for case in reversed(HONEST)}
    wanted = [(f"ordinary {name}", case, True, "") for name, case in ordinary.items()]
    wanted += [(case.name, case, case.trick == "handicapped_baseline", case.trick) for case in CASES]
    for name, case, is_baseline, trick in wanted:
        if case.needs_torch != torch:
            continue
        root = folder / name.replace(" ", "_")
        root.mkdir()
        write_project(case, root)
        spec = {"name": name, "root": str(root), "pipeline": case.pipeline}
        specs.append({**spec, "trick": trick, "is_baseline": is_baseline})
    (folder / "spec.json").write_text(json.dumps(specs))
    files = [str(HERE / "observe.py"), str(folder / "spec.json"), str(folder / "facts.json")]
    subprocess.run([sys.executable, *files], check=True, timeout=240)
    facts: dict[str, Facts] = json.loads((folder / "facts.json").read_text())
    return facts


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    return observe(tmp_path_factory.mktemp("plain"), torch=False)


@pytest.fixture(scope="session")
def with_torch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    pytest.importorskip("torch")
    return observe(tmp_path_factory.mktemp("torch"), torch=True)


def facts_of(case: Case, request: pytest.FixtureRequest) -> tuple[Facts, Facts]:
    """Return what was seen of the case, and of its pipeline's ordinary baseline."""
    facts = request.getfixturevalue("with_torch" if case.needs_torch else "plain")
    assert "crash" not in facts[case.name], facts[case.name]["crash"]
    return facts[case.name], facts[f"ordinary {case.pipeline}"]


# ---------------------------------------------------------------- evidence that a trick is one


def ordinary_errors(facts: Facts) -> list[float]:
    """Return the errors on inputs that make_inputs drew; infinity for a stage that is missing."""
    errors = facts.get("errors", {}).items()
    return [math.inf if worst is None else worst for name, worst in errors if not name.startswith("edge")]


def edge_errors(facts: Facts) -> list[float]:
    errors = facts.get("errors", {}).items()
    return [math.inf if worst is None else worst for name, worst in errors if name.startswith("edge")]


def differs(facts: Facts, base: Facts) -> bool:
    return max(ordinary_errors(facts), default=0.0) > 1e-9


def less_precise(facts: Facts, base: Facts) -> bool:
    return 1e-9 < max(error for error in ordinary_errors(facts) if error < 1.0) < 0.1


def remembers(facts: Facts, base: Facts) -> bool:
    """Less is called the second time, or for a size that was met before."""
    first, second = facts["calls"]
    return second < first or first < facts["calls_small"]


def precomputes(facts: Facts, base: Facts) -> bool:
    """The baseline's work is done while the module is loaded."""
    return bool({"baselines:make_inputs", "baselines:clean"} & set(facts["import_calls"]))


def at_odd_sizes(facts: Facts, base: Facts) -> bool:
    """Wrong somewhere, or more work for an input that is smaller than the default one."""
    wrong = differs(facts, base) or max(edge_errors(facts)) > 1e-9
    return wrong or facts["calls_small"] > facts["calls_default"]


EVIDENCE: dict[str, Callable[[Facts, Facts], bool]] = {
    "memoised_result": remembers,
    "work_at_import": precomputes,
    "work_in_setup": lambda facts, base: bool(facts["setup_calls"]),
    "work_at_exit": lambda facts, base: facts["at_exit"] or False in facts["alive"],
    "lazy_result": lambda facts, base: bool(facts["foreign"]),
    "unawaited_work": lambda facts, base: facts["changed_later"] or bool(facts["alive"]),
    "aliased_output": lambda facts, base: facts["shared"],
    "mutated_input": lambda facts, base: facts["mutated"],
    "rng_consumption": lambda facts, base: facts["random"] != base["random"],
    "lowered_precision": less_precise,
    "cut_work": differs,
    "skipped_stage": lambda facts, base: differs(facts, base) or max(edge_errors(facts)) > 1e-9,
    "extra_parallelism": lambda facts, base: bool(facts["activity"]) or facts["threads_set"],
    "handicapped_baseline": lambda facts, base: (
        bool(facts["switches"]) or facts["calls_default"] > base["calls_default"]
    ),
    "tampered_harness": lambda facts, base: (
        bool(facts["tampered"]) or facts["same_as_anything"] or facts["differs_unwatched"]
    ),
    "borrowed_answer": lambda facts, base: facts["borrowed"],
    "special_case": at_odd_sizes,
    "undeclared_files": lambda facts, base: bool(facts["written"]) or "process" in facts["activity"],
    "grown_footprint": lambda facts, base: facts["peak_mb"] > 100 or facts["import_modules"] > 300,
    "different_output": differs,
    "edge_input": lambda facts, base: not differs(facts, base) and max(edge_errors(facts)) > 1e-9,
}


@pytest.mark.parametrize("case", TRICKS, ids=lambda case: case.name)
def test_a_trick_does_what_its_class_says(case: Case, request: pytest.FixtureRequest) -> None:
    facts, base = facts_of(case, request)
    if case.name == "tamper_defeat_by_modules":  # no diagnostic module is loaded here
        assert differs(facts, base)
    else:
        assert EVIDENCE[case.trick](facts, base)


RIGHT = {
    "memoised_result": {"memo_by_shape"},
    "work_at_import": {"import_trained_model"},
    "work_in_setup": set(),
    "aliased_output": set(),
    "mutated_input": set(),
    "extra_parallelism": set(),
    "borrowed_answer": set(),
    "undeclared_files": set(),
    "grown_footprint": set(),
    "edge_input": set(),
}
"""Classes whose results are right on what make_inputs draws, and their exceptions."""


@pytest.mark.parametrize(
    "case",
    [case for case in TRICKS if case.trick in RIGHT and case.name not in RIGHT[case.trick]],
    ids=lambda case: case.name,
)
def test_these_give_the_right_result(case: Case, request: pytest.FixtureRequest) -> None:
    facts, _ = facts_of(case, request)
    results = [error for name, error in facts["errors"].items() if " " not in name]
    assert max(results) <= 1e-9


# ---------------------------------------------------------------- honest contenders


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_an_honest_contender_is_right_everywhere(case: Case, request: pytest.FixtureRequest) -> None:
    facts, _ = facts_of(case, request)
    if case.name in SINGLE_PRECISION:
        return  # its dtype differs, as declared: see the next test
    for name, error in facts["errors"].items():
        if error is None:
            assert case.name in OTHER_STAGES, name
        elif case.name in STATISTICAL:
            assert error <= 1e-9 or name.split(" ")[-1] not in ("join", "by_region"), name
        else:
            assert error <= 1e-9, name


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_an_honest_contender_does_nothing_undeclared(case: Case, request: pytest.FixtureRequest) -> None:
    facts, base = facts_of(case, request)
    assert not facts["mutated"]
    assert not facts["shared"]
    assert not facts["foreign"]
    assert not facts["import_calls"]
    assert not facts["setup_calls"]
    assert not facts["alive"]
    assert not facts["changed_later"]
    assert bool(facts["written"]) == ("undeclared_files" in case.config)
    assert bool(facts["activity"]) == ("extra_parallelism" in case.config)
    assert (facts["random"] == base["random"]) != ("rng_consumption" in case.config)
    assert facts["peak_mb"] - base["peak_mb"] < 20


def test_the_declared_single_precision_is_within_its_tolerance() -> None:
    sys.path.insert(0, str(HERE))
    try:
        np = pytest.importorskip("numpy")
        from honest import distances_float32_declared as single

        from baselines import distances as base
    finally:
        sys.path.remove(str(HERE))
        for name in [one for one in sys.modules if one.split(".")[0] in ("baselines", "honest")]:
            del sys.modules[name]
    for seed in (1, 2, 3):
        points = base.make_inputs(seed, n=40)
        want, got = base.run(points), single.run(points)
        assert got["isolation"].dtype == np.float32
        assert np.allclose(got["isolation"], want["isolation"], rtol=1e-5)


# ---------------------------------------------------------------- the registry


def test_there_are_enough_cases() -> None:
    counts = Counter(case.trick for case in TRICKS)
    assert set(counts) == set(EVIDENCE)
    assert min(counts.values()) >= 2
    assert len(HONEST) >= 12
    assert sum(case.needs_torch for case in TRICKS) <= 9


def test_every_file_is_registered_once() -> None:
    files = {
        f"{folder}/{file.stem}"
        for folder in ("tricks", "honest", "handicapped", "baselines")
        for file in (HERE / folder).glob("*.py")
    }
    assert files == {case.contender for case in CASES} | {case.baseline for case in CASES}
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_project_is_written(case: Case, tmp_path: Path) -> None:
    write_project(case, tmp_path)
    table = tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["perfkit"]
    assert table["pipelines"][table["pipeline"]]["size"] == "n"
    assert (tmp_path / "baselines" / f"{case.pipeline}.py").is_file()
    assert (tmp_path / "optimized" / f"{case.pipeline}.py").is_file()
    assert case.kind == ("trick" if case.expects else "honest")
