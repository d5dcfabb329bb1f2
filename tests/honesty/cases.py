"""The adversarial set: which rewrite cheats how, and which does not cheat."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
PIPELINES = ("words", "orders", "distances", "spectra", "option_price", "classifier")
ORDINARY = {
    "words": "words_counter",
    "orders": "orders_dictionary_join",
    "distances": "distances_vectorised",
    "spectra": "spectra_real_fft",
    "option_price": "option_price_bulk_draws",
    "classifier": "classifier_batched",
}
"""An honest contender of each pipeline, for the baselines that are the cheat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One project: a baseline, a contender, and what must be said about it.

    Attributes
    ----------
    name
        That of the file that cheats (or does not).
    baseline, contender
        Files of this set, without the suffix: ``baselines/words``, ``tricks/memo_by_value``.
    trick
        The class of the trick; empty for an honest contender.
    expects
        Names of checks, any one of which names the cause correctly; empty for an honest contender.
    config
        Lines of TOML for the pipeline's table in pyproject.toml.
    ships
        Files of ``data/`` that lie beside the contender.
    hard
        Why a check that only runs the code may not see it; empty if it can.
    """

    name: str
    baseline: str
    contender: str
    expects: frozenset[str] = frozenset()
    config: str = ""
    trick: str = ""
    ships: tuple[str, ...] = ()
    hard: str = ""

    @property
    def kind(self) -> Literal["trick", "honest"]:
        """Whether something must be found."""
        return "trick" if self.trick else "honest"

    @property
    def pipeline(self) -> str:
        """The pipeline's name in the project."""
        return _pipeline(Path(self.baseline).name)

    @property
    def needs_torch(self) -> bool:
        """Whether torch is imported."""
        return self.pipeline == "classifier"


def _pipeline(stem: str) -> str:
    return max((name for name in PIPELINES if stem.startswith(name)), key=len)


def write_project(case: Case, root: Path) -> Path:
    """Write a project with the case's two variants.

    Parameters
    ----------
    case
        What to write.
    root
        An existing folder.

    Returns
    -------
    Path
        `root`, with ``baselines/NAME.py``, ``optimized/NAME.py`` and ``pyproject.toml``.
    """
    name = case.pipeline
    for folder, source in (("baselines", case.baseline), ("optimized", case.contender)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / f"{source}.py", root / folder / f"{name}.py")
    for shipped in case.ships:
        shutil.copyfile(HERE / "data" / shipped, root / "optimized" / shipped)
    table = f'[tool.perfkit]\npipeline = "{name}"\n\n[tool.perfkit.pipelines.{name}]\nsize = "n"\n'
    (root / "pyproject.toml").write_text(table + case.config)
    return root


def _trick(
    trick: str, name: str, pipeline: str, *also: str, ships: tuple[str, ...] = (), hard: str = ""
) -> Case:
    """Return a trick; `also` are further checks that name its cause."""
    return Case(
        name=name,
        baseline=f"baselines/{pipeline}",
        contender=f"tricks/{name}",
        expects=frozenset({trick, *also}),
        trick=trick,
        ships=ships,
        hard=hard,
    )


def _handicapped(name: str) -> Case:
    return Case(
        name=name,
        baseline=f"handicapped/{name}",
        contender=f"honest/{ORDINARY[_pipeline(name)]}",
        expects=frozenset({"handicapped_baseline"}),
        trick="handicapped_baseline",
    )


def _honest(name: str, config: str = "") -> Case:
    return Case(
        name=name,
        baseline=f"baselines/{_pipeline(name)}",
        contender=f"honest/{name}",
        config=config,
    )


LOOSE = (
    "tolerances = { "
    'pairwise = { rtol = 1e-4, reason = "single precision suffices" }, '
    'isolation = { rtol = 1e-4, reason = "single precision suffices" }, '
    'result = { rtol = 1e-4, reason = "single precision suffices" } }\n'
)
"""A loosened tolerance that says nothing of the dtype inside."""

TRICKS: tuple[Case, ...] = (
    _trick("memoised_result", "memo_by_value", "words"),
    _trick("memoised_result", "memo_by_id", "distances"),
    _trick("memoised_result", "memo_by_shape", "distances"),
    _trick("memoised_result", "memo_by_fingerprint", "spectra"),
    _trick("memoised_result", "memo_stage_lru_cache", "words"),
    _trick("memoised_result", "memo_pickle_in_cwd", "orders", "undeclared_files"),
    _trick("memoised_result", "memo_npy_in_tmp", "spectra", "undeclared_files"),
    _trick("memoised_result", "memo_sqlite_in_home", "words", "undeclared_files"),
    _trick("work_at_import", "import_answer_table", "words"),
    _trick("work_at_import", "import_from_job", "distances", "borrowed_answer", "tampered_harness"),
    _trick("work_at_import", "import_default_cases", "option_price", "memoised_result", "special_case"),
    _trick("work_at_import", "import_trained_model", "classifier", "different_output", "cut_work"),
    _trick("work_in_setup", "setup_wraps_make_inputs", "distances", "tampered_harness"),
    _trick("work_in_setup", "setup_input_subclass", "words", "tampered_harness"),
    _trick("work_in_setup", "setup_gc_callback", "spectra", "tampered_harness", "memoised_result"),
    _trick("work_in_setup", "setup_hooks_generator", "words", "tampered_harness"),
    _trick("work_at_exit", "exit_ranks_at_exit", "words", "skipped_stage"),
    _trick("work_at_exit", "exit_nondaemon_thread", "spectra", "unawaited_work"),
    _trick("work_at_exit", "exit_finalizer", "orders", "skipped_stage"),
    _trick("lazy_result", "lazy_generator", "words"),
    _trick("lazy_result", "lazy_map", "orders"),
    _trick("lazy_result", "lazy_array_class", "distances"),
    _trick("lazy_result", "lazy_ndarray_subclass", "spectra"),
    _trick("lazy_result", "lazy_dict", "orders"),
    _trick("lazy_result", "lazy_float", "option_price"),
    _trick("lazy_result", "lazy_torch_tensor", "classifier"),
    _trick("unawaited_work", "unawaited_thread", "distances"),
    _trick("unawaited_work", "unawaited_executor", "orders"),
    _trick("unawaited_work", "unawaited_forked_process", "spectra"),
    _trick("unawaited_work", "unawaited_pool_future", "option_price", "lazy_result"),
    _trick("aliased_output", "aliased_buffer", "distances"),
    _trick("aliased_output", "aliased_list", "words"),
    _trick("aliased_output", "aliased_workspace", "spectra"),
    _trick("aliased_output", "aliased_torch_weights", "classifier"),
    _trick("mutated_input", "mutates_by_sorting", "orders"),
    _trick("mutated_input", "mutates_by_normalising", "distances"),
    _trick("mutated_input", "mutates_by_consuming", "words"),
    _trick("mutated_input", "mutates_and_restores", "spectra"),
    _trick("mutated_input", "mutates_nested_records", "orders"),
    _trick("rng_consumption", "rng_reseeds_global", "spectra"),
    _trick("rng_consumption", "rng_extra_draws", "orders"),
    _trick("rng_consumption", "rng_fewer_draws", "orders", "cut_work"),
    _trick("rng_consumption", "rng_unseeded_global", "orders"),
    _trick("rng_consumption", "rng_torch_extra_draws", "classifier"),
    _trick("lowered_precision", "precision_float32", "distances"),
    Case(
        name="precision_float32_loose",
        baseline="baselines/distances",
        contender="tricks/precision_float32",
        expects=frozenset({"lowered_precision"}),
        config=LOOSE,
        trick="lowered_precision",
    ),
    _trick("lowered_precision", "precision_float16", "spectra"),
    _trick("lowered_precision", "precision_complex64", "spectra"),
    _trick("lowered_precision", "precision_array_of_floats", "orders"),
    _trick("lowered_precision", "precision_mixed_rows", "distances"),
    _trick("lowered_precision", "precision_bfloat16", "classifier"),
    _trick("cut_work", "cut_epochs", "classifier", "different_output"),
    _trick("cut_work", "cut_paths", "option_price", "different_output"),
    _trick("cut_work", "cut_time_steps", "option_price", "different_output"),
    _trick("cut_work", "cut_subsampled_rows", "distances", "different_output"),
    _trick("cut_work", "cut_resamples", "orders", "different_output", "rng_consumption"),
    _trick("skipped_stage", "skip_returns_input", "spectra"),
    _trick("skipped_stage", "skip_marker_only", "words"),
    _trick("skipped_stage", "skip_drops_stage", "words"),
    _trick("skipped_stage", "skip_if_sample_is_clean", "words", "special_case", "edge_input"),
    _trick("skipped_stage", "skip_dead_stage", "spectra", "different_output"),
    _trick(
        "skipped_stage", "skip_normal_interval", "orders", "different_output", "cut_work", "rng_consumption"
    ),
    _trick("skipped_stage", "skip_constant_mask", "distances"),
    _trick("extra_parallelism", "parallel_thread_pool", "distances"),
    _trick("extra_parallelism", "parallel_processes", "orders"),
    _trick("extra_parallelism", "parallel_fork_pipe", "words"),
    _trick("extra_parallelism", "parallel_blas_threads", "distances"),
    _trick("extra_parallelism", "parallel_torch_threads", "classifier"),
    _trick("tampered_harness", "tamper_perf_counter", "distances"),
    _trick("tampered_harness", "tamper_worker_clock", "words"),
    _trick("tampered_harness", "tamper_stage_clock", "orders"),
    _trick("tampered_harness", "tamper_recorder_nodes", "spectra"),
    _trick("tampered_harness", "tamper_checkpoint_hook", "spectra"),
    _trick("tampered_harness", "tamper_digest", "spectra"),
    _trick("tampered_harness", "tamper_checkpoints", "words"),
    _trick("tampered_harness", "tamper_allclose", "distances"),
    _trick("tampered_harness", "tamper_equal_to_everything", "option_price"),
    _trick("tampered_harness", "tamper_module_stubs", "words"),
    _trick("tampered_harness", "tamper_defeat_device", "option_price", "special_case"),
    _trick("tampered_harness", "tamper_defeat_by_modules", "distances", "special_case"),
    _trick(
        "borrowed_answer",
        "borrowed_shipped_file",
        "option_price",
        "special_case",
        ships=("option_price_surface.json",),
    ),
    _trick("borrowed_answer", "borrowed_callers_frame", "distances"),
    _trick("borrowed_answer", "borrowed_by_gc", "spectra"),
    _trick("borrowed_answer", "borrowed_from_baseline_module", "words", "tampered_harness"),
    _trick("borrowed_answer", "borrowed_from_reports", "orders"),
    _trick("special_case", "special_known_size", "distances"),
    _trick("special_case", "special_padded_batch", "spectra", "different_output", "edge_input"),
    _trick("special_case", "special_vocabulary_key", "words", "edge_input", "different_output"),
    _trick("special_case", "special_market_constants", "option_price"),
    _trick("undeclared_files", "files_log", "words"),
    _trick("undeclared_files", "files_scratch_in_tmp", "spectra"),
    _trick("undeclared_files", "files_tuning_in_home", "option_price"),
    _trick("undeclared_files", "files_deleted_again", "distances"),
    _trick("undeclared_files", "files_by_subprocess", "orders", "extra_parallelism"),
    _trick("grown_footprint", "footprint_preallocated", "distances"),
    _trick("grown_footprint", "footprint_direct_table", "words"),
    _trick("grown_footprint", "footprint_heavy_import", "orders"),
    _trick("different_output", "wrong_small_are_zero", "distances"),
    _trick("different_output", "wrong_median_norm", "distances", "skipped_stage", "cut_work"),
    _trick("different_output", "wrong_off_by_one", "spectra"),
    _trick("different_output", "wrong_dtype", "spectra"),
    _trick("different_output", "wrong_order_of_ties", "words"),
    _trick("different_output", "wrong_last_batch", "classifier", "cut_work"),
    _trick("edge_input", "edge_nan_spreads", "spectra"),
    _trick("edge_input", "edge_nan_ignored", "distances"),
    _trick("edge_input", "edge_empty_is_zero", "orders"),
    _trick("edge_input", "edge_single_row", "distances", "special_case"),
    _trick("edge_input", "edge_repeated_customers", "orders", hard="needs an input with an id twice"),
    _trick("edge_input", "edge_large_magnitude", "spectra", "special_case"),
    _handicapped("words_sleep"),
    _handicapped("words_setprofile"),
    _handicapped("distances_settrace"),
    _handicapped("distances_work_repeated"),
    _handicapped("orders_tracemalloc"),
    _handicapped("orders_busy_wait"),
    _handicapped("spectra_gc"),
    _handicapped("spectra_gc_collect"),
    _handicapped("classifier_anomaly"),
)

FLOAT32 = (
    "tolerances = { "
    'pairwise = { rtol = 1e-4, dtype = "float32", reason = "single precision inside" }, '
    'isolation = { rtol = 1e-5, dtype = "float32", reason = "single precision inside" }, '
    'result = { rtol = 1e-3, dtype = "float32", reason = "single precision inside; close pairs cancel" } }\n'
    'declared = { lowered_precision = "memory traffic halves; six digits are enough here" }\n'
)
MONTE_CARLO = (
    "stochastic = { "
    'result = { of = "[\'estimate\']", statistic = "mean", margin = "10%", reason = "antithetic draws" }, '
    'simulate = { statistic = "mean", margin = "5%", reason = "antithetic draws" }, '
    'payoff = { statistic = "mean", margin = "10%", reason = "antithetic draws" } }\n'
)
BOOTSTRAP = (
    "stochastic = { "
    'result = { of = "[\'low\']", statistic = "mean", margin = "5%", reason = "another generator" }, '
    'bootstrap = { statistic = "mean", margin = "5%", reason = "another generator" } }\n'
    'declared = { rng_consumption = "the resamples come from a generator of their own" }\n'
)

HONEST: tuple[Case, ...] = (
    _honest("words_counter"),
    _honest("words_translate_table"),
    _honest("words_lru_helper"),
    _honest("words_module_lru_cache"),
    _honest("words_unchanged_stage"),
    _honest("words_fused", 'stages = { clean = { fused_into = "count" } }\n'),
    _honest("orders_dictionary_join"),
    _honest("orders_renamed_stage", 'stages = { join = "lookup" }\n'),
    _honest("orders_numpy"),
    _honest("orders_bootstrap_declared", BOOTSTRAP),
    _honest("distances_vectorised"),
    _honest("distances_symmetric_half"),
    _honest("distances_gram_product"),
    _honest("distances_out_buffers"),
    _honest("distances_float32_declared", FLOAT32),
    _honest("distances_threads_declared", 'declared = { extra_parallelism = "two threads, joined" }\n'),
    _honest("spectra_real_fft"),
    _honest("spectra_split_stage", 'stages = { smooth = ["windows", "average"] }\n'),
    _honest("spectra_table_inside_run"),
    _honest("spectra_scratch_declared", 'declared = { undeclared_files = "a scratch file, removed" }\n'),
    _honest("option_price_bulk_draws"),
    _honest("option_price_antithetic_declared", MONTE_CARLO),
    _honest("classifier_batched"),
    _honest("classifier_manual_gradient"),
)

CASES: tuple[Case, ...] = TRICKS + HONEST
