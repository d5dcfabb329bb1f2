"""Profiles compared, such as people will see: a win, no stages, the same twice, a loss, hostile names."""

from __future__ import annotations

import dataclasses

from perfkit import model
from perfkit.analyse.alignment import align

SLOW = '''@stage("normalise")
def normalise(features):
    """Divide each row by its mean distance to all others."""
    n = len(features)
    total = np.zeros(n)
    for i in range(n):
        for j in range(i + 1, n):
            distance = np.sqrt(np.sum((features[i] - features[j]) ** 2))
            total[i] += distance
            total[j] += distance
    return features / total[:, None]'''
FAST = '''@stage("normalise")
def normalise(features):
    """Divide each row by its mean distance to all others."""
    total = squareform(pdist(features)).sum(axis=1)
    return features / total[:, None]'''
HELPER = "def distance(a, b):\n    return np.sqrt(np.sum((a - b) ** 2))"


def cost(
    name: str, self_s: float, calls: int = 1, file: str = "baselines/demo.py", line: int = 10
) -> model.FunctionCost:
    return model.FunctionCost(
        file=file,
        line=line,
        name=name if file == "~" else name.rpartition(".")[2],
        qualified="" if file == "~" else name,
        calls=calls,
        primitive_calls=calls,
        self_s=self_s,
        cumulative_s=self_s,
    )


def delta(
    before: model.FunctionCost | None,
    after: model.FunctionCost | None,
    how: model.MatchKind,
    saving_s: float,
    **changes: object,
) -> model.FunctionDelta:
    saved_s = (before.self_s if before else 0.0) - (after.self_s if after else 0.0)
    made = model.FunctionDelta(
        before=before,
        after=after,
        how=how,
        saved_self_s=saved_s,
        saved_cumulative_s=saved_s,
        share=saved_s / saving_s if saving_s > 0 else None,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def side(title: str, total_s: float, **changes: object) -> model.ProfiledSide:
    made = model.ProfiledSide(
        title=title,
        run_id=f"20260102-030405000-{title}",
        profiler="cProfile",
        python="3.11.7",
        total_s=total_s,
        size="n_samples=3000",
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def lines_of(
    source: str, costs: dict[int, tuple[int, float]], file: str, name: str = "normalise"
) -> model.FunctionLines:
    return model.FunctionLines(
        name=name,
        file=file,
        first_line=40,
        stage="normalise",
        source=tuple(source.split("\n")),
        lines=tuple(
            model.LineCost(line=40 + at, hits=hits, time_s=time_s) for at, (hits, time_s) in costs.items()
        ),
        calls=(),
    )


def profiles_staged() -> model.Difference:
    """Functions matched in every way, several stages, a tail, and lines."""
    saving = 30.1 - 1.31
    normalise = (
        delta(cost("normalise", 12.0), cost("normalise", 0.2), "same name", saving),
        delta(cost("distance", 5.0, 4_498_500), None, "vanished", saving, rolled_into="normalise"),
        delta(
            None, cost("pdist", 0.1, file="scipy/spatial/distance.py"), "new", saving, rolled_into="normalise"
        ),
    )
    train = (
        delta(cost("slow_step", 6.0, 500), cost("Step.run", 0.3, 500), "similar", saving, similarity=0.83),
        delta(cost("encode", 2.0, 90), cost("encode_all", 0.05), "mapped", saving),
        delta(cost("old_loss", 1.0, 90), cost("loss", 0.02), "replaces", saving),
        delta(cost("tidy", 0.5, 9), cost("tidied", 0.5, 9), "same body", saving),
        delta(cost("shuffle_rows", 1.4, 3), None, "vanished", saving, partner="permute"),
        delta(None, cost("permute", 0.02, 3), "suggested", saving, partner="shuffle_rows"),
        delta(cost("<built-in method builtins.abs>", 0.3, 9000, "~", 0), None, "same name", saving),
    )
    stages = (
        model.StageDelta(
            path="features/normalise",
            before_s=17.5,
            after_s=0.35,
            rest_before_s=0.5,
            rest_after_s=0.05,
            functions=normalise,
        ),
        model.StageDelta(
            path="training",
            before_s=12.5,
            after_s=0.95,
            rest_before_s=0.2,
            rest_after_s=0.01,
            functions=train,
            more=120,
            more_saved_s=1.05,
        ),
        model.StageDelta(
            path="",
            before_s=0.1,
            after_s=0.01,
            rest_before_s=0.0,
            rest_after_s=0.0,
            functions=(delta(cost("run", 0.1), cost("run", 0.01), "same name", saving),),
        ),
    )
    everything = sorted((*normalise, *train), key=lambda one: -abs(one.saved_self_s))
    slow = lines_of(
        SLOW, {3: (1, 1e-6), 5: (3001, 0.01), 6: (4_501_500, 1.1), 7: (4_498_500, 9.0), 8: (4_498_500, 0.9),
               9: (4_498_500, 0.9), 10: (1, 0.001)}, "baselines/demo.py",
    )  # fmt: skip
    fast = lines_of(FAST, {3: (1, 0.05), 4: (1, 0.002)}, "optimized/demo.py")
    helper = lines_of(HELPER, {1: (4_498_500, 5.0)}, "baselines/demo.py", "distance")
    return model.Difference(
        before=side("baseline", 30.1),
        after=side("optimized", 1.31),
        stages=stages,
        functions=tuple(everything),
        lines=(
            align(slow, fast, stage="features/normalise", how="same name"),
            align(helper, None, stage="features/normalise", how="vanished"),
        ),
        lines_size="n_samples=300",
        notes=("cProfile saw the main thread only.",),
    )


def profiles_without_stages() -> model.Difference:
    """Two files of another's: no run, no version, one stage of an empty path."""
    functions = (
        delta(cost("parse", 1.5, 2000, "app.py"), cost("parse", 0.4, 2000, "app.py"), "same name", 1.2),
        delta(cost("main", 0.2, 1, "app.py"), cost("main", 0.1, 1, "app.py"), "same name", 1.2),
    )
    unknown: dict[str, object] = {"run_id": "", "python": "", "size": ""}
    return model.Difference(
        before=side("old.prof", 1.7, **unknown),
        after=side("new.prof", 0.5, **unknown),
        stages=(
            model.StageDelta(
                path="", before_s=1.7, after_s=0.5, rest_before_s=0.0, rest_after_s=0.0, functions=functions
            ),
        ),
        functions=functions,
    )


def profiles_the_same() -> model.Difference:
    """A profile beside itself: nothing differs anywhere."""
    function = cost("work", 1.5, 7)
    same = delta(function, function, "same name", 0.0)
    lines = lines_of(SLOW, {7: (9, 2.0)}, "baselines/demo.py")
    stages = tuple(
        model.StageDelta(
            path=path, before_s=2.0, after_s=2.0, rest_before_s=0.5, rest_after_s=0.5, functions=(same,)
        )
        for path in ("first", "second")
    )
    return model.Difference(
        before=side("baseline", 4.0), after=side("baseline", 4.0), stages=stages, functions=(same,),
        lines=(align(lines, lines, stage="", how="same name"),),
    )  # fmt: skip


def profiles_slower() -> model.Difference:
    """The rewrite costs more: nothing can be shared out."""
    functions = (
        delta(cost("work", 0.5), cost("work", 2.0), "same name", -1.4),
        delta(cost("help", 0.2), cost("help", 0.1), "same name", -1.4),
    )
    return model.Difference(
        before=side("baseline", 0.7),
        after=side("optimized", 2.1),
        stages=(
            model.StageDelta(
                path="", before_s=0.7, after_s=2.1, rest_before_s=0.0, rest_after_s=0.0, functions=functions
            ),
        ),
        functions=functions,
        lines=(
            align(
                lines_of(FAST, {3: (1, 0.05)}, "a.py"),
                lines_of(SLOW, {7: (9, 2.0)}, "b.py"),
                stage="",
                how="same name",
            ),
        ),
    )


def profiles_hostile() -> model.Difference:
    """Markup, control characters, wide and right-to-left ones, bars and backticks are shown as they are."""
    source = (
        'def f(x):\n    """[bold]```` | <b>"""\n    t = "\x1b[31m\u202e" + "特徴抽出" * 9'
        '\n\treturn f"[/red]{x}`"'
    )
    lines = lines_of(source, {2: (1, 1.0), 3: (2, 3.0)}, "a|b [red].py", "[bold]f[/bold]|`x`")
    functions = (
        delta(cost("[bold]f[/bold]|`x`", 3.0), cost("特徴抽出\x1b[2J", 0.5), "mapped", 3.0),
        delta(cost("a*b_c\u202e<b>", 0.5), None, "vanished", 3.0, partner="[/red]", rolled_into="x|y"),
    )
    return model.Difference(
        before=side("[red]x[/red]", 3.5),
        after=side("y|`z`", 0.5),
        stages=(
            model.StageDelta(
                path="", before_s=3.5, after_s=0.5, rest_before_s=0.0, rest_after_s=0.0, functions=functions
            ),
        ),
        functions=functions,
        lines=(align(lines, None, stage="s[0]", how="vanished"),),
        notes=("Mind [bold]this[/bold] *note*.",),
    )
