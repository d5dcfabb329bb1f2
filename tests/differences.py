"""Builders of two profiles side by side: call trees, functions and sources, before and after."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

from perfkit import model

BEFORE, AFTER = "baselines/ml_training.py", "optimized/ml_training.py"
NUMPY = "numpy/_core/fromnumeric.py"

# A tree in short: a frame, its own seconds, and what it calls.
Nested = tuple[model.StackFrame, float, list[Any]]


def frame(name: str, file: str = BEFORE, line: int = 1, kind: str = "function") -> model.StackFrame:
    if kind != "function":
        file, line = ("~" if kind == "built-in" else ""), 0
    return model.StackFrame(file=file, line=line, name=name, kind=kind)  # type: ignore[arg-type]


def tree(*roots: Nested, **changes: Any) -> model.CallTree:
    """Flatten nested stacks; a hundred samples a second unless `interval_s` says otherwise."""
    frames: dict[model.StackFrame, int] = {}
    at, parents, own = [], [], []

    def add(one: Nested, parent: int) -> None:
        at.append(frames.setdefault(one[0], len(frames)))
        parents.append(parent)
        own.append(one[1])
        here = len(at) - 1
        for child in one[2]:
            add(child, here)

    for root in roots:
        add(root, -1)
    made = model.CallTree(
        frames=tuple(frames), frame=tuple(at), parent=tuple(parents), self_s=tuple(own), interval_s=0.001
    )
    return dataclasses.replace(made, **changes)


def cost(name: str, self_s: float, file: str = BEFORE, line: int = 1, **changes: Any) -> model.FunctionCost:
    made = model.FunctionCost(
        file=file,
        line=line,
        name=name.rpartition(".")[2],
        qualified=name,
        calls=1,
        primitive_calls=1,
        self_s=self_s,
        cumulative_s=self_s,
    )
    return dataclasses.replace(made, **changes)


def delta(
    before: model.FunctionCost | None, after: model.FunctionCost | None, how: str = "", **changes: Any
) -> model.FunctionDelta:
    how = how or ("vanished" if after is None else "new" if before is None else "same name")
    made = model.FunctionDelta(
        before=before,
        after=after,
        how=how,  # type: ignore[arg-type]
        saved_self_s=(before.self_s if before else 0.0) - (after.self_s if after else 0.0),
        saved_cumulative_s=(before.cumulative_s if before else 0.0) - (after.cumulative_s if after else 0.0),
        share=None,
    )
    return dataclasses.replace(made, **changes)


def side(title: str = "baseline", total_s: float = 3.6, **changes: Any) -> model.ProfiledSide:
    made = model.ProfiledSide(
        title=title,
        run_id=f"cprofile-{title}",
        profiler="sampling",
        python="3.11.7",
        total_s=total_s,
        size="n_samples=600",
    )
    return dataclasses.replace(made, **changes)


def trees() -> tuple[model.CallTree, model.CallTree]:
    """A renamed function, vanished loops, new code, a stage that got slower, one that is as before."""
    norm = frame("numpy.sum", NUMPY, 2300)
    reduce = frame("<method 'reduce' of 'numpy.ufunc' objects>", kind="built-in")

    def stage(path: str, *calls: Nested) -> Nested:
        return frame(path, kind="stage"), 0.0, list(calls)

    before = tree(
        (
            frame("run", BEFORE, 300),
            0.002,
            [
                stage(
                    "feature_extraction",
                    (
                        frame("extract_features", BEFORE, 90),
                        0.004,
                        [
                            stage(
                                "feature_extraction/normalise",
                                (
                                    frame("normalise", BEFORE, 204),
                                    1.21,
                                    [(norm, 0.32, [(reduce, 0.51, [])])],
                                ),
                            ),
                            stage(
                                "feature_extraction/gradient",
                                (
                                    frame("gradient_features", BEFORE, 160),
                                    0.62,
                                    [
                                        (frame("pixel_at", BEFORE, 150), 0.21, []),
                                        (frame("<built-in method builtins.abs>", kind="built-in"), 0.04, []),
                                    ],
                                ),
                            ),
                            stage(
                                "feature_extraction/frequency",
                                (frame("spectrum", BEFORE, 180), 0.012, [(reduce, 0.006, [])]),
                            ),
                        ],
                    ),
                ),
                stage(
                    "model_training",
                    (
                        frame("train", BEFORE, 240),
                        0.05,
                        [
                            (frame("custom_activation", BEFORE, 238), 0.41, [(norm, 0.05, [])]),
                            (frame("Adam.step", "torch/optim/adam.py", 130), 0.052, []),
                        ],
                    ),
                ),
                stage("model_evaluation", (frame("evaluate", BEFORE, 280), 0.02, [])),
            ],
        )
    )
    after = tree(
        (
            frame("run", AFTER, 280),
            0.002,
            [
                stage(
                    "feature_extraction",
                    (
                        frame("extract_features", AFTER, 80),
                        0.003,
                        [
                            stage(
                                "feature_extraction/normalise",
                                (
                                    frame("normalise", AFTER, 188),
                                    0.012,
                                    [(frame("pdist", "scipy/spatial/distance.py", 1900), 0.041, [])],
                                ),
                            ),
                            stage(
                                "feature_extraction/gradient",
                                (
                                    frame("gradients", AFTER, 150),
                                    0.011,
                                    [(frame("<built-in method builtins.abs>", kind="built-in"), 0.004, [])],
                                ),
                            ),
                            stage(
                                "feature_extraction/frequency",
                                (frame("spectrum", AFTER, 170), 0.041, [(reduce, 0.03, [])]),
                            ),
                        ],
                    ),
                ),
                stage(
                    "model_training",
                    (
                        frame("train", AFTER, 220),
                        0.049,
                        [
                            (frame("custom_activation", AFTER, 231), 0.003, []),
                            (frame("Adam.step", "torch/optim/adam.py", 130), 0.051, []),
                        ],
                    ),
                ),
                stage("model_evaluation", (frame("evaluate", AFTER, 262), 0.019, [])),
            ],
        )
    )
    return before, after


def aligned(**changes: Any) -> model.AlignedFunction:
    """A nested loop that became one call, between lines that cost nothing."""

    def at(number: int, text: str, hits: int | None = None, time_s: float = 0.0, whole: float = 1.0) -> Any:
        known = hits is not None
        return model.SideLine(
            number=number,
            text=text,
            hits=hits,
            time_s=time_s if known else None,
            share=time_s / whole if known else None,
        )

    row = model.AlignedLine
    lines = [
        row(
            kind="unchanged",
            before=at(204, "def normalise(features):"),
            after=at(188, "def normalise(features):"),
        ),
        row(
            kind="unchanged",
            before=at(205, '    """Scale by the mean distance'),
            after=at(189, '    """Scale by the mean distance'),
        ),
    ]
    lines += [
        row(
            kind="unchanged",
            before=at(206 + i, f"    line {i} of the text <b>&amp;"),
            after=at(190 + i, f"    line {i} of the text <b>&amp;"),
            folded=1 <= i < 9,
        )
        for i in range(10)
    ]
    lines += [
        row(kind="unchanged", before=at(216, '    """'), after=at(200, '    """')),
        row(
            kind="replaced",
            before=at(217, "    total_distance = np.zeros(n_samples)", 1, 0.00002, 14.2),
            after=at(201, "    distances = squareform(pdist(standardised))", 1, 0.061, 0.073),
        ),
        row(kind="removed", before=at(218, "    for i in range(n_samples):", 601, 0.0004, 14.2), after=None),
        row(
            kind="removed",
            before=at(219, "        for j in range(i + 1, n_samples):", 180300, 0.31, 14.2),
            after=None,
        ),
        row(
            kind="removed",
            before=at(
                220,
                "            distance = np.sqrt(np.sum((standardised[i] - standardised[j]) ** 2))",
                179700,
                11.6,
                14.2,
            ),
            after=None,
        ),
        row(
            kind="removed",
            before=at(221, "            total_distance[i] += distance", 179700, 1.1, 14.2),
            after=None,
        ),
        row(
            kind="replaced",
            before=at(222, "    return standardised / total_distance[:, None]", 1, 0.0001, 14.2),
            after=at(
                202,
                "    return standardised / (distances.sum(axis=1) / (len(standardised) - 1))[:, None]",
                1,
                0.012,
                0.073,
            ),
        ),
    ]
    made = model.AlignedFunction(
        stage="feature_extraction/normalise",
        before="normalise",
        after="normalise",
        before_file=BEFORE,
        after_file=AFTER,
        before_s=14.2,
        after_s=0.073,
        how="same name",
        lines=tuple(lines),
    )
    return dataclasses.replace(made, **changes)


def _new_function() -> model.AlignedFunction:
    lines = ["def gradients(images):", "    up, across = np.gradient(images, axis=(1, 2))", "    return up"]
    return model.AlignedFunction(
        stage="feature_extraction/gradient",
        before="",
        after="gradients",
        before_file="",
        after_file=AFTER,
        before_s=0.0,
        after_s=0.011,
        how="new",
        lines=tuple(
            model.AlignedLine(
                kind="added",
                before=None,
                after=model.SideLine(
                    number=150 + i, text=text, hits=1 if i else None, time_s=0.005, share=0.5 if i else None
                ),
            )
            for i, text in enumerate(lines)
        ),
    )


def difference(**changes: Any) -> model.Difference:
    """Two profiles of the bundled pipeline, as they could be."""
    before, after = trees()
    normalise = delta(
        cost("normalise", 1.21, BEFORE, 204, cumulative_s=2.04),
        cost("normalise", 0.012, AFTER, 188, cumulative_s=0.053),
        share=0.367,
        similarity=0.31,
    )
    pixel = delta(
        cost("pixel_at", 0.21, BEFORE, 150, calls=470400), None, share=0.064, rolled_into="gradient_features"
    )
    gradient = delta(
        cost("gradient_features", 0.62, BEFORE, 160, cumulative_s=0.87),
        cost("gradients", 0.011, AFTER, 150, cumulative_s=0.015),
        "replaces",
        share=0.187,
    )
    activation = delta(
        cost("custom_activation", 0.41, BEFORE, 238, calls=150),
        cost("custom_activation", 0.003, AFTER, 231, calls=150),
        share=0.125,
    )
    spectrum = delta(
        cost("spectrum", 0.012, BEFORE, 180, cumulative_s=0.018),
        cost("spectrum", 0.041, AFTER, 170, cumulative_s=0.071),
        share=-0.009,
    )
    pdist = delta(
        None,
        cost("pdist", 0.041, "scipy/spatial/distance.py", 1900),
        share=-0.0126,
        rolled_into="normalise",
    )
    guess = delta(
        cost("warm_up", 0.004, BEFORE, 20), None, "suggested", partner="prepare", similarity=0.4, share=0.001
    )
    stage = model.StageDelta
    made = model.Difference(
        before=side(),
        after=side("optimized", 0.27),
        stages=(
            stage(
                path="feature_extraction/normalise",
                before_s=2.04,
                after_s=0.053,
                rest_before_s=0.83,
                rest_after_s=0.0,
                functions=(normalise, pdist),
                more=1,
                more_saved_s=0.0,
            ),
            stage(
                path="feature_extraction/gradient",
                before_s=0.87,
                after_s=0.015,
                rest_before_s=0.04,
                rest_after_s=0.004,
                functions=(gradient, pixel),
            ),
        ),
        functions=(normalise, gradient, activation, pixel, spectrum, pdist, guess),
        lines=(aligned(), _new_function()),
        lines_size="n_samples=600",
        before_tree=before,
        after_tree=after,
        notes=("The profiles ran with n_samples=600; the timed runs with `n_samples=3000`.",),
    )
    return dataclasses.replace(made, **changes)


def large_tree(
    nodes: int, seed: int, frames: int = 2_000, file: str = BEFORE, times: int = 0
) -> model.CallTree:
    """Draw a tree of so many stacks, up to sixty deep; `times` draws other times for the same stacks."""
    draw, draw_times = random.Random(seed), random.Random(1000 * seed + times)
    known = tuple(frame(f"module_{i % 40}.function_{i}", file, 10 * i + 1) for i in range(frames))
    parents, depth = [-1], [0]
    for index in range(1, nodes):
        parent = draw.randrange(max(0, index - 400), index) if draw.random() < 0.7 else draw.randrange(index)
        while depth[parent] > 60:
            parent = parents[parent]
        parents.append(parent)
        depth.append(depth[parent] + 1)
    at, seen = [], set()
    for parent in parents:  # siblings are different functions, or they would be one node
        one = draw.randrange(frames)
        while (parent, one) in seen:
            one = draw.randrange(frames)
        seen.add((parent, one))
        at.append(one)
    return model.CallTree(
        frames=known,
        frame=tuple(at),
        parent=tuple(parents),
        self_s=tuple(0.001 * draw_times.lognormvariate(0, 1.5) for _ in range(nodes)),
        interval_s=0.001,
    )
