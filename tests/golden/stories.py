"""Reports such as people will see: a win, a wrong win, one pair, a loss, microseconds, awkward names."""

from __future__ import annotations

import dataclasses
from typing import Any

from perfkit import model
from perfkit.analyse import gates
from perfkit.api import verified
from perfkit.report import claims
from perfkit.verify.honesty import CHECKS
from tests import builders

ML: model.Parameters = {
    "n_samples": 3000,
    "dtype": "float32",
    "hidden_size": 16,
    "epochs": 2,
    "batch_size": 32,
    "learning_rate": 0.02,
}
T_METHOD = "Student's t on the log ratios, which assumes them about normal"
SIGN_METHOD = "sign test, interpolated order statistics"

BEFORE = """@stage("normalise")
def normalise(features):
    n_samples = len(standardised)
    total_distance = np.zeros(n_samples)
    for i in range(n_samples):
        for j in range(i + 1, n_samples):
            distance = np.sqrt(np.sum((standardised[i] - standardised[j]) ** 2))
            total_distance[i] += distance
            total_distance[j] += distance"""
AFTER = """@stage("normalise")
def normalise(features):
    distances = squareform(pdist(standardised))
    return standardised / (distances.sum(axis=1) / (len(standardised) - 1))[:, None]"""
ACTIVATION = """def custom_activation(x):
    output = torch.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j].item() > 0:
                output[i, j] = 0.9 * x[i, j] + 0.1 * torch.tanh(x[i, j])
            else:
                output[i, j] = 0.5 * torch.tanh(x[i, j])
    return output"""
ACTIVATION_AFTER = """def custom_activation(x):
    tanh = torch.tanh(x)
    return torch.where(x > 0, 0.9 * x + 0.1 * tanh, 0.5 * tanh)"""


def _ml_rows() -> list[model.StageRow]:
    row = builders.stage_row
    return [
        row("feature_extraction", 27.98, 0.0741),
        row("feature_extraction/augment", 0.0486, 0.0232),
        row("feature_extraction/statistical", 0.1213, 0.0214),
        row("feature_extraction/gradient", 5.871, 0.0118),
        row("feature_extraction/frequency", 0.2184, 0.0094),
        row("feature_extraction/normalise", 21.72, 0.0081, biggest=True),
        row("feature_extraction", 0.0007, 0.0002, "own code"),
        row("model_training", 6.931, 0.1087),
        row("model_evaluation", 0.2891, 0.0009),
        row("", 0.0029, 0.0013, "outside stages"),
        row("", 35.203, 0.185, "total"),
    ]


def _ml_checked(verdict: model.Verdict = "identical") -> tuple[model.Equivalence, ...]:
    made = builders.equivalence
    close: dict[str, Any] = {"verdict": "equal within tolerance", "rtol": 1e-9}
    extraction = "feature_extraction"
    normalise = made(
        f"{extraction}/normalise",
        shapes="float64 (3000, 13)",
        values=39000,
        worst_abs=4.4e-16,
        worst_rel=3.1e-16,
        worst_at="[211, 4]",
        **close,
    )
    if verdict == "different":
        normalise = dataclasses.replace(
            normalise,
            verdict="different",
            worst_abs=0.31,
            worst_rel=0.22,
            reason="39,000 of 39,000 values are out of tolerance",
        )
    return (
        made(
            f"{extraction}/augment",
            shapes="float64 (3000, 28, 28)",
            values=2352000,
            worst_abs=0.0,
            worst_rel=0.0,
            rtol=1e-9,
        ),
        made(
            f"{extraction}/statistical",
            shapes="float64 (3000, 5)",
            values=15000,
            worst_abs=2.2e-16,
            worst_rel=1.8e-16,
            **close,
        ),
        made(
            f"{extraction}/gradient",
            shapes="float64 (3000, 4)",
            values=12000,
            worst_abs=5.6e-17,
            worst_rel=4.2e-16,
            **close,
        ),
        made(
            f"{extraction}/frequency",
            shapes="float64 (3000, 4)",
            values=12000,
            worst_abs=1.8e-15,
            worst_rel=1.2e-15,
            **close,
        ),
        normalise,
        made(
            extraction,
            shapes="float64 (3000, 13)",
            values=39000,
            worst_abs=4.4e-16,
            worst_rel=3.1e-16,
            **close,
        ),
        made(
            "model_training",
            "equal within tolerance",
            shapes="8 arrays",
            values=544,
            worst_abs=2.4e-7,
            worst_rel=3.9e-6,
            worst_at="['losses'][149]",
            rtol=1e-4,
            tolerance_reason="float32 training sums gradients in another order",
        ),
        made(
            "model_evaluation",
            "equal within tolerance",
            shapes="3 arrays",
            values=6601,
            worst_abs=9.5e-7,
            worst_rel=1.1e-6,
            rtol=1e-4,
        ),
        made(
            "result",
            "equal within tolerance",
            shapes="3 values",
            values=3,
            worst_abs=1.2e-7,
            worst_rel=9.8e-8,
            rtol=1e-4,
        ),
    )


def _other(name: str, kind: str, like: model.Verification) -> model.Verification:
    return dataclasses.replace(
        like,
        name=name,
        kind=kind,  # type: ignore[arg-type]
        seed=77,
        baseline_metrics={},
        contender_metrics={},
    )


def _findings(*found: model.Finding) -> tuple[model.Finding, ...]:
    there = {one.check for one in found}
    clean = [model.Finding(check=name, verdict="clean") for name in CHECKS if name not in there]
    return (*found, *clean)


def _ml_comparison(**changes: Any) -> model.Comparison:
    metrics = {"accuracy": 0.846667, "accuracy_chance": 0.113333, "final_loss": 0.4172911}
    checked = builders.verification(
        *_ml_checked(),
        parameters=ML,
        seed=20260102,
        baseline_metrics=metrics,
        contender_metrics={**metrics, "final_loss": 0.41729122},
    )
    proof = dataclasses.replace(
        checked,
        parameters={**ML, "dtype": "float64"},
        kind="proof",
        name="dtype='float64'",
        reason="In float64 the order of sums hardly matters, so what is left is the same computation",
        stages=tuple(
            dataclasses.replace(
                one,
                rtol=1e-9,
                tolerance_reason="",
                worst_rel=one.worst_rel and min(one.worst_rel, 6.1e-14),
                worst_abs=one.worst_abs and min(one.worst_abs, 2.2e-14),
            )
            for one in _ml_checked()
        ),
    )
    named = {"pipeline": "ml_training"}
    made = builders.comparison(
        n_pairs=5,
        id="20260102-030405-a1b2",
        pipeline=model.Pipeline(name="ml_training", variants={}, size="n_samples", target=33.0),
        baseline=builders.variant("baseline", path="baselines/ml_training.py", **named),
        contender=builders.variant("optimized", path="optimized/ml_training.py", **named),
        parameters=ML,
        overrides={},
        duration_s=194.2,
        budget_s=180.0,
        stopped_because="the budget of 180 s was used up",
        scrutiny=builders.scrutiny(
            checked,
            proof,
            _other("n_samples=125", "size", checked),
            _other("n_samples=208, drawn", "size", checked),
            _other("NaN", "edge", checked),
            dataclasses.replace(
                _other("empty input (n_samples=0)", "edge", checked),
                stages=(),
                baseline_error="ValueError: n_samples must be at least 50, not 0",
                contender_error="ValueError: n_samples must be at least 50, not 0",
            ),
            differential=tuple(one for one in _ml_checked() if one.stage != "result"),
            differential_at="n_samples=125",
            timed=builders.equivalence("result", "identical"),
            findings=_findings(
                model.Finding(
                    check="rng_consumption",
                    verdict="declared",
                    sentence="after run the global generator of torch is in another state",
                    why="The baseline draws an initialisation that it overwrites at once",
                )
            ),
            planted=9,
            untried=("n_samples=3537, larger: the baseline takes 21.6 s, too long for a larger input.",),
        ),
        command="perfkit compare baseline optimized --pipeline ml_training --target 33",
        environment=builders.environment(
            cpu="AMD EPYC 7763 64-Core Processor",
            cores=4,
            usable_cores=2,
            memory_bytes=16 * 1024**3,
            packages={"numpy": "2.4.6", "perfkit": "0.1.0", "scipy": "1.17.1", "torch": "2.13.0"},
            variables={"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "drawn per pair"},
            git_dirty=True,
        ),
        notes=("The baseline is deterministic: two runs on the same inputs gave identical outputs.",),
    )
    return dataclasses.replace(made, **changes)


def _ml_breakdown(**changes: Any) -> model.Breakdown:
    return builders.breakdown(
        _ml_rows(),
        builders.estimate(186.0, 180.2, 191.9, method=T_METHOD),
        process=builders.estimate(26.4, 25.9, 26.9, method=T_METHOD),
        baseline_process_s=37.41,
        contender_process_s=1.417,
        baseline_import_s=1.91,
        contender_import_s=0.98,
        baseline_inputs_s=0.0712,
        contender_inputs_s=0.0709,
        baseline_cpu_s=35.6,
        contender_cpu_s=0.301,
        baseline_peak_bytes=412 * 1024**2,
        contender_peak_bytes=487 * 1024**2,
        **changes,
    )


def _line_profile(**changes: Any) -> model.ProfileRun:
    made = model.ProfileRun(
        id="line-b",
        variant=builders.variant("baseline", path="baselines/ml_training.py"),
        inputs_from="baselines/ml_training.py",
        profiler="line",
        seed=1,
        parameters={**ML, "n_samples": 600},
        started_at="2026-01-02T03:10:05+00:00",
        file="profile.lprof",
        traced_s=21.4,
        stages=(),
        warnings=("threads other than the main one were not seen",),
    )
    return dataclasses.replace(made, **changes)


def _cprofile(side: str, scale: float) -> model.ProfileRun:
    cost = model.FunctionCost
    path = f"{'baselines' if side == 'baseline' else side}/ml_training.py"
    functions = [
        cost(
            file=path, line=204, name="normalise", calls=1, primitive_calls=1, self_s=12.1, cumulative_s=39.2
        ),
        cost(
            file="~",
            line=0,
            name="<method 'reduce' of 'numpy.ufunc' objects>",
            calls=4542310,
            primitive_calls=4542310,
            self_s=11.0,
            cumulative_s=11.0,
        ),
        cost(
            file="~",
            line=0,
            name="<built-in method builtins.abs>",
            calls=4374000,
            primitive_calls=4374000,
            self_s=0.41,
            cumulative_s=0.41,
        ),
        cost(
            file=path,
            line=160,
            name="gradient_features",
            calls=1,
            primitive_calls=1,
            self_s=6.2,
            cumulative_s=6.61,
        ),
    ]
    scaled = tuple(
        dataclasses.replace(f, self_s=f.self_s * scale, cumulative_s=f.cumulative_s * scale)
        for f in functions
    )
    return _line_profile(
        id=f"cprofile-{side}",
        profiler="cprofile",
        variant=builders.variant(side),
        functions=scaled,
        warnings=(),
    )


def _optimisations() -> tuple[model.Optimisation, ...]:
    block, hot = model.CodeBlock, model.HotLine
    source = "baselines/ml_training.py"
    return (
        model.Optimisation(
            stage="feature_extraction/normalise",
            function="normalise",
            hot_lines=(
                hot(
                    line=212,
                    text="            distance = np.sqrt(np.sum((standardised[i] - standardised[j]) ** 2))",
                    hits=179700,
                    share=0.817,
                ),
                hot(line=214, text="            total_distance[j] += distance", hits=179700, share=0.063),
                hot(line=213, text="            total_distance[i] += distance", hits=179700, share=0.061),
            ),
            before=block(file=source, function="normalise", first_line=204, text=BEFORE, cut=True),
            after=(block(file="optimized/ml_training.py", function="normalise", first_line=188, text=AFTER),),
            techniques=(
                model.Technique(
                    name="vectorisation", evidence="two nested `for` loops became `pdist`, one call into C"
                ),
                model.Technique(
                    name="library routine", evidence="`scipy.spatial.distance.pdist` is new in the contender"
                ),
            ),
        ),
        model.Optimisation(
            stage="model_training",
            function="custom_activation",
            hot_lines=(hot(line=243, text="            if x[i, j].item() > 0:", hits=15360, share=0.212),),
            before=block(file=source, function="custom_activation", first_line=238, text=ACTIVATION),
            after=(
                block(
                    file="optimized/ml_training.py",
                    function="custom_activation",
                    first_line=231,
                    text=ACTIVATION_AFTER,
                ),
            ),
            techniques=(
                model.Technique(name="vectorisation", evidence="element-wise loops became `torch.where`"),
            ),
        ),
    )


def _ml_files() -> tuple[model.StoredFile, ...]:
    made = model.StoredFile
    folder = "reports/ml_training"
    return (
        made(path=f"{folder}/report.md", size_bytes=18432, what="this report"),
        made(path=f"{folder}/stages.svg", size_bytes=41200, what="chart of the breakdown"),
        made(path=f"{folder}/baseline.prof", size_bytes=812, what="cProfile file, for `snakeviz`"),
    )


def verified_win() -> model.Report:
    """186x, five pairs, two verifications, profiles: the full story."""
    compared = _ml_comparison()
    made = builders.report(
        compared,
        _ml_breakdown(),
        profile_runs=(_line_profile(), _cprofile("baseline", 1.0), _cprofile("optimized", 0.004)),
        optimisations=_optimisations(),
        files=_ml_files(),
    )
    metrics = compared.scrutiny.verifications[0].baseline_metrics
    runs = {
        name: dataclasses.replace(
            run,
            metrics={
                **metrics,
                "final_loss": (metrics["final_loss"] or 0.0) + (1.2e-7 if name == "c3" else 0.0),
            },
            seed=index + 100,
        )
        for index, (name, run) in enumerate(made.timing_runs.items())
    }
    return dataclasses.replace(made, timing_runs=runs)


def different() -> model.Report:
    """Fast but wrong: one stage differs, another was not checked, the target is missed."""
    checked = tuple(
        dataclasses.replace(
            one,
            verdict="not checked",
            reason="a generator has no value to compare",
            shapes="",
            values=0,
            worst_abs=None,
            worst_rel=None,
            rtol=None,
        )
        if one.stage.endswith("augment")
        else one
        for one in _ml_checked("different")
    )
    verification = dataclasses.replace(
        _ml_comparison().scrutiny.verifications[0],
        stages=checked,
        contender_metrics={"accuracy": 0.108, "accuracy_chance": 0.113333, "final_loss": 2.31},
    )
    rows = [row for row in _ml_rows() if row.path != "model_evaluation"]
    fused = builders.stage_row("model_evaluation", 0.2891, None)
    new = builders.stage_row("warm_start", None, 0.05)
    rows = [*rows[:-2], fused, new, *rows[-2:]]
    compared = _ml_comparison(
        scrutiny=builders.scrutiny(
            verification,
            dataclasses.replace(_other("n_samples=125", "size", verification), stages=tuple(checked)),
            dataclasses.replace(
                _other("NaN", "edge", verification),
                stages=(),
                baseline_error="ValueError: NaN in the input in stage feature_extraction",
            ),
            differential=(
                builders.equivalence(
                    "feature_extraction/normalise",
                    "different",
                    reason="12 of 300 values differ",
                    worst_at="[0, 3]",
                ),
                builders.equivalence("feature_extraction/gradient", "equal within tolerance"),
                builders.equivalence(
                    "model_training",
                    "not checked",
                    reason="its arguments cannot be copied: TypeError: a handle",
                ),
            ),
            differential_at="n_samples=125",
            timed=builders.equivalence("result", "different", reason="the value differs at ['final_loss']"),
            findings=_findings(
                model.Finding(
                    check="memoised_result",
                    verdict="trick",
                    sentence="for n_samples=125, another seed it returned its answer to n_samples=125",
                    why="A user's next input is a new one",
                ),
                model.Finding(
                    check="edge_inputs",
                    verdict="different",
                    sentence="the contender accepts what the baseline refuses (NaN)",
                    why="What the baseline refuses or survives is part of what its users rely on",
                ),
                model.Finding(
                    check="grown_footprint",
                    verdict="caution",
                    sentence="peak memory grew from 412 MiB to 1,487 MiB",
                    why="Speed was bought with memory",
                ),
            ),
            planted=8,
            weak_checks=(model.WeakCheck(stage="model_evaluation", accepts=("zeros", "the mean")),),
        ),
        pipeline=model.Pipeline(name="ml_training", variants={}, target=500.0),
    )
    found = dataclasses.replace(_ml_breakdown(), rows=builders.breakdown(rows, _ml_breakdown().run).rows)
    return builders.report(
        compared, found, optimisations=_optimisations()[:1], profile_runs=(_line_profile(),)
    )


def one_pair() -> model.Report:
    """One pair and no profiles: nothing has an interval."""
    rows = [
        dataclasses.replace(
            row, speedup=builders.estimate(row.speedup.value, None, None) if row.speedup else None
        )
        for row in _ml_rows()
    ]
    once = _ml_comparison()
    compared = dataclasses.replace(
        once,
        pairs=once.pairs[:1],
        scrutiny=builders.scrutiny(*once.scrutiny.verifications[:1]),
        stopped_because="one pair was asked for",
        notes=(),
    )
    run = builders.estimate(190.285, None, None)
    found = dataclasses.replace(
        _ml_breakdown(verdict="inconclusive"),
        rows=builders.breakdown(rows, run).rows,
        run=run,
        process=builders.estimate(26.41, None, None),
    )
    return builders.report(compared, found, files=_ml_files()[:2])


def slower_unverified() -> model.Report:
    """A rewrite that made it slower, whose outputs nobody compared."""
    row = builders.stage_row
    rows = [
        row("parse", 0.412, 1.213),
        row("aggregate", 0.231, 0.305),
        row("", 0.0021, 0.0018, "outside stages"),
        row("", 0.6451, 1.5198, "total"),
        row("logger", 0.02, 0.021, "other thread"),
    ]
    compared = builders.comparison(n_pairs=8, scrutiny=builders.scrutiny())
    found = builders.breakdown(
        rows,
        builders.estimate(0.4245, 0.4101, 0.4391, n=8, method=SIGN_METHOD),
        verdict="slower",
        baseline_peak_bytes=None,
        contender_peak_bytes=None,
        process=builders.estimate(0.561, 0.549, 0.574, n=8),
    )
    return builders.report(compared, found)


def microseconds() -> model.Report:
    """A pipeline of microseconds whose interval includes 1."""
    row = builders.stage_row
    rows = [
        row("load", 4.1e-6, 4.0e-6),
        row("sum", 11.9e-6, 11.8e-6),
        row("", -2e-9, 1e-8, "outside stages"),
        row("", 15.998e-6, 15.81e-6, "total"),
    ]
    compared = builders.comparison(
        n_pairs=16,
        scrutiny=builders.scrutiny(
            builders.verification(builders.equivalence("load"), builders.equivalence("sum"))
        ),
    )
    found = builders.breakdown(
        rows,
        builders.estimate(1.012, 0.972, 1.041, n=16, method=SIGN_METHOD),
        verdict="inconclusive",
        process=builders.estimate(1.0003, 0.9991, 1.0014, n=16),
    )
    return builders.report(compared, found)


def forked() -> model.Report:
    """Forks in groups, kept on one core; odd samples; an interval that excludes 1, not surely."""
    row = builders.stage_row
    rows = [
        row("parse", 0.0123, 0.0119),
        row("", 0.0002, 0.0002, "outside stages"),
        row("", 0.0125, 0.0121, "total"),
    ]
    sampling = model.Sampling(
        launch="fork",
        group=4,
        pinned=True,
        reasons=(
            "both sides use one core at a time, so both sides of a pair were kept on one core",
            "forks were asked for, so each group of pairs comes from two fresh processes, which import once",
        ),
    )
    compared = builders.comparison(
        n_pairs=40,
        scrutiny=builders.scrutiny(builders.verification(builders.equivalence("parse"))),
        sampling=sampling,
        trial=builders.pair(),
        stopped_because="a further pair would have exceeded the budget of 10 s",
    )
    run = builders.estimate(
        1.033, 1.008, 1.061, n=10, method=SIGN_METHOD, group=4, sure_low=0.995, sure_high=1.082
    )
    found = builders.breakdown(
        rows,
        run,
        verdict="inconclusive",
        process=builders.estimate(1.002, 0.991, 1.014, n=10, group=4),
        verdicts_at=0.9964,
        needed=24,
        disturbed={"b1": "waited for a core for 12 % of the run"},
        notes=("Outliers: 1 of 10 ratios lies more than 5 robust standard deviations off the median.",),
    )
    return builders.report(compared, found)


def two_pythons() -> model.Report:
    """One script under two Pythons with other packages; nothing could be verified, the results agree."""
    row = builders.stage_row
    rows = [
        row("parse", 0.0571, 0.0330),
        row("", 0.0004, 0.0003, "outside stages"),
        row("", 0.0575, 0.0333, "total"),
    ]
    names = ("bench-py3.11", "bench-py3.13")
    before, after = (
        model.Runtime(
            executable=f"/envs/{folder}/bin/python",
            python=python,
            implementation="CPython",
            build={"compiler": "GCC 12.2.0", "build options": options, "GIL": gil, "debug build": "no"},
            packages={"tomlkit": version, "orjson": "3.11.0"},
            installed=installed,
        )
        for folder, python, options, gil, version, installed in (
            ("old", "3.11.7", "--enable-shared", "on", "0.15.0", {"pip": "24.0"}),
            ("new", "3.13.0", "--disable-gil --enable-optimizations", "off", "0.15.1", {"wheel": "0.45"}),
        )
    )
    lacks = "the interpreter of bench-py3.11 cannot keep values for comparison: there is no pip there"
    timed = model.Equivalence(stage="result", verdict="identical")
    compared = builders.comparison(
        n_pairs=12,
        scrutiny=model.Scrutiny(timed=timed, impossible=lacks),
        environment=builders.environment(
            packages={"perfkit": "0.1.0"}, runtimes={"baseline": before, "contender": after}
        ),
        notes=("Not profiled with line_profiler: where bench-py3.11 runs, it lacks line_profiler>=5.0.",),
    )
    compared = dataclasses.replace(
        compared,
        baseline=dataclasses.replace(compared.baseline, name=names[0], path="bench.py"),
        contender=dataclasses.replace(compared.contender, name=names[1], path="bench.py"),
    )
    return builders.report(
        compared, builders.breakdown(rows, builders.estimate(1.73, 1.70, 1.75, n=12, method=SIGN_METHOD))
    )


def awkward_names() -> model.Report:
    """Names that Markdown, rich or matplotlib could take for markup."""
    names = [
        "a|b",
        "*bold*",
        "`tick``s`",
        "[red]not markup[red]",
        "$x_1$",
        "größe/特徴抽出",
        "_private_",
        "<b>&amp;",
    ]
    row = builders.stage_row
    rows = [row(names[5].partition("/")[0], 0.3, 0.06)]
    rows += [row(name, 0.3, 0.06, depth=name.count("/")) for name in names]
    rows[6], rows[1:6] = rows[6], rows[1:6]
    rows = [rows[0], rows[6], *rows[1:6], *rows[7:]]
    rows += [row("a_stage_with_a_name_so_long_that_it_would_be_cut_off_in_a_narrow_column", 0.3, 0.1)]
    total = (
        sum(r.baseline_s or 0 for r in rows if not r.depth),
        sum(r.contender_s or 0 for r in rows if not r.depth),
    )
    rows += [row("", *total, "total")]
    checked = [builders.equivalence(r.path) for r in rows[:-1]]
    compared = builders.comparison(
        n_pairs=8,
        scrutiny=builders.scrutiny(builders.verification(*checked)),
        contender=builders.variant("opt|im*zed"),
        notes=(
            "1. A note that starts like a list, with a | bar, *stars*, a_name and `code | bar`.",
            "# no heading [a](b)",
        ),
    )
    found = builders.breakdown(rows, builders.estimate(4.72, 4.55, 4.93, n=8, method=SIGN_METHOD))
    block = model.CodeBlock(
        file="baselines/de|mo.py",
        function="f",
        first_line=1,
        text='def f():\n    """```python\n    x\n    ```"""\n\n\n    return 1',
    )
    change = model.Optimisation(
        stage="a|b", function="f", hot_lines=(), before=block, after=(), techniques=()
    )
    return builders.report(compared, found, optimisations=(change,))


def gated() -> model.Report:
    """Held to much: a limit kept, one on a stage broken, one undecided, a stage that is not checked."""
    row = builders.stage_row
    rows = [
        row("fit", 1.10, 1.05),
        row("fit/load", 0.20, 0.30),
        row("fit/solve", 0.85, 0.70),
        row("fit", 0.05, 0.05, "own code"),
        row("", 0.02, 0.02, "outside stages"),
        row("", 1.12, 1.07, "total"),
    ]
    checked = [
        builders.equivalence("fit/load"),
        builders.equivalence("fit/solve", "not checked", reason="a generator has no value to compare"),
        builders.equivalence("fit"),
        builders.equivalence("result", "equal within tolerance", worst_rel=1e-12, rtol=1e-9),
    ]
    compared = builders.comparison(
        n_pairs=16,
        scrutiny=builders.scrutiny(
            builders.verification(*checked),
            timed=builders.equivalence("result"),
            findings=(
                model.Finding(check="memoised_result", verdict="clean"),
                model.Finding(
                    check="edge_inputs", verdict="caution", sentence="`optimized` raises on an empty input."
                ),
            ),
        ),
        pipeline=dataclasses.replace(builders.comparison().pipeline, target=1.04),
        gates=model.Gates(slower={"": 0.02, "load": 0.05, "solve": 0.01}, least=1.04, verified=True),
        command="perfkit compare baseline optimized --fail-if-slower 2% --fail-below 1.04",
    )
    found = builders.breakdown(
        rows, builders.estimate(1.047, 1.031, 1.062, n=16, method=SIGN_METHOD, sure_low=1.012, sure_high=1.08)
    )
    report = builders.report(compared, found)
    return dataclasses.replace(
        report, gates=gates.judge(compared, found, verified.told(claims.equality(report)))
    )
