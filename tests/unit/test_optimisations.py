"""Optimisations: whose time it is, which lines are hot, and how the code is shown."""

from __future__ import annotations

import textwrap

import pytest

from perfkit import model
from perfkit.analyse import optimisations
from perfkit.analyse.attribution import Attribution
from perfkit.analyse.excerpt import MAX_LINES, excerpt
from tests import builders

ESTIMATE = model.Estimate(value=2.0, low=None, high=None, confidence=0.0, n=1, method="one pair")


def function(
    source: str,
    costs: dict[str, float] | None = None,
    *,
    first_line: int = 10,
    stage: str | None = None,
    **changes,
) -> model.FunctionLines:
    """Build a function; `costs` are seconds by the stripped text of the line."""
    text = tuple(textwrap.dedent(source).strip("\n").splitlines())
    wanted = dict(costs or {})
    lines = tuple(
        model.LineCost(line=first_line + at, hits=100, time_s=wanted[line.strip()])
        for at, line in enumerate(text)
        if line.strip() in wanted
    )
    assert len(lines) == len(wanted)
    (name,) = [line.split("def ")[1].split("(")[0] for line in text if "def " in line][:1]
    made = {"name": name, "file": "baselines/demo.py", "calls": (), **changes}
    return model.FunctionLines(first_line=first_line, stage=stage, source=text, lines=lines, **made)


def run(*functions: model.FunctionLines, **totals_s: float) -> model.ProfileRun:
    return model.ProfileRun(
        id="run",
        variant=builders.variant(),
        inputs_from="baselines/demo.py",
        profiler="line",
        seed=1,
        parameters={},
        started_at="2026-01-02T03:04:05+00:00",
        file="profile.lprof",
        traced_s=sum(total for name, total in totals_s.items() if "__" not in name) + 1.0,
        stages=builders.stages(**totals_s),
        lines=functions,
    )


def row(path: str, share: float, **changes) -> model.StageRow:
    made = {
        "path": path,
        "depth": path.count("/"),
        "kind": "stage",
        "baseline_s": 10.0,
        "contender_s": 1.0,
        "baseline_calls": 1.0,
        "contender_calls": 1.0,
        "speedup": None,
        "saved_s": 9 * share,
        "saved_share": share,
    }
    return model.StageRow(**{**made, **changes})


def breakdown(*rows: model.StageRow) -> model.Breakdown:
    zeros = {name: 0 for name in model.Breakdown.__dataclass_fields__ if name.endswith(("_s", "_bytes"))}
    return model.Breakdown(rows=rows, run=ESTIMATE, process=ESTIMATE, verdict="faster", **zeros)


SLOW = function(
    """
    @stage("work")
    def work(values):
        '''Docstring.'''
        total = 0.0
        for i in range(len(values)):
            total += abs(values[i])
        return total
    """,
    {
        "total = 0.0": 0.0,
        "for i in range(len(values)):": 2.0,
        "total += abs(values[i])": 7.9,
        "return total": 0.1,
    },
    stage="work",
)
FAST = function(
    """
    @stage("work")
    def work(values):
        return np.abs(values).sum()
    """,
    {"return np.abs(values).sum()": 0.1},
    stage="work",
    file="optimized/demo.py",
)


def test_one_stage_before_and_after():
    (found,) = optimisations.find(run(SLOW, work=10.0), run(FAST, work=0.1), breakdown(row("work", 1.0)))
    assert (found.stage, found.function) == ("work", "work")
    assert [(line.text, line.hits) for line in found.hot_lines] == [
        ("for i in range(len(values)):", 100),
        ("total += abs(values[i])", 100),
        ("return total", 100),
    ]
    assert [line.share for line in found.hot_lines] == pytest.approx([0.2, 0.79, 0.01])
    assert "Docstring" not in found.before.text
    assert found.before.text.startswith('@stage("work")\ndef work(values):\n    total = 0.0')
    assert found.before.cut is False
    assert [(block.file, block.function) for block in found.after] == [("optimized/demo.py", "work")]
    assert [one.name for one in found.techniques] == ["loop replaced by array operations"]


def test_without_a_contender_there_is_no_after():
    (found,) = optimisations.find(run(SLOW, work=10.0), None, breakdown(row("work", 1.0)))
    assert (found.after, found.techniques) == ((), ())


def test_a_contender_without_that_stage_is_no_after():
    other = function("def other(x):\n    return x\n", {"return x": 1.0})
    (found,) = optimisations.find(run(SLOW, work=10.0), run(other), breakdown(row("work", 1.0)))
    assert (found.after, found.techniques) == ((), ())


@pytest.mark.parametrize(
    "skipped",
    [
        row("work", 0.009),
        row("work", 0.5, saved_s=-1.0),
        row("work", 0.0, saved_share=None),
        row("work", 1.0, kind="other thread"),
        row("work", 0.04, kind="own code"),
        row("", 1.0, kind="total"),
        row("unknown", 1.0),
    ],
)
def test_rows_that_are_not_worth_a_look(skipped):
    assert optimisations.find(run(SLOW, work=10.0), None, breakdown(skipped)) == ()


def test_a_profile_without_lines_gives_nothing():
    assert optimisations.find(run(), run(), breakdown(row("work", 1.0))) == ()


MODEL = (
    function(
        """
        @stage("train")
        def train(model, x):
            for batch in x:
                loss = model(batch)
            return loss
        """,
        {"for batch in x:": 0.1, "loss = model(batch)": 8.0, "return loss": 0.0},
        stage="train",
        calls=("Net.forward",),
    ),
    function(
        """
        @stage("evaluate")
        def evaluate(model, x):
            found = []
            return model(x)
        """,
        {"found = []": 0.5, "return model(x)": 2.0},
        first_line=30,
        stage="evaluate",
        calls=("Net.forward",),
    ),
    function(
        "    def forward(self, x):\n        return activate(x)\n",
        {"return activate(x)": 10.0},
        first_line=50,
        name="Net.forward",
        calls=("activate",),
    ),
    function(
        """
        def activate(x):
            for i in range(len(x)):
                x[i] = math.tanh(x[i])
            return x
        """,
        {"for i in range(len(x)):": 2.0, "x[i] = math.tanh(x[i])": 7.5, "return x": 0.0},
        first_line=70,
    ),
)


def test_time_is_followed_to_where_it_is():
    found = optimisations.find(
        run(*MODEL, train=8.1, evaluate=2.5), None, breakdown(row("evaluate", 0.2), row("train", 0.8))
    )
    assert [(one.stage, one.function) for one in found] == [("train", "activate"), ("evaluate", "evaluate")]
    assert [line.text for line in found[0].hot_lines] == ["for i in range(len(x)):", "x[i] = math.tanh(x[i])"]
    # 8 of the 10 seconds that call the model are training's: so are 8 tenths of the activation's time.
    assert [line.share for line in found[0].hot_lines] == pytest.approx([0.8 * 2.0 / 8.1, 0.8 * 7.5 / 8.1])
    assert [line.text for line in found[1].hot_lines] == ["found = []"]


def test_own_times_add_up_to_the_stages():
    attribution = Attribution(run(*MODEL, train=8.1, evaluate=2.5))
    assert sum(one.total_own_s for one in attribution.serving("train")) == pytest.approx(8.1)
    assert sum(one.total_own_s for one in attribution.serving("evaluate")) == pytest.approx(2.5)


def test_a_second_costly_function_of_a_stage_is_shown_too():
    first = function(
        """
        @stage("work")
        def work(x):
            y = prepare(x)
            return slow(y)
        """,
        {"y = prepare(x)": 4.0, "return slow(y)": 6.0},
        stage="work",
        calls=("prepare",),
    )
    second = function("def prepare(x):\n    return list(x)\n", {"return list(x)": 4.0}, first_line=40)
    found = optimisations.find(run(first, second, work=10.0), None, breakdown(row("work", 1.0)))
    assert [one.function for one in found] == ["work", "prepare"]
    assert (
        optimisations.find(run(first, second, work=10.0), None, breakdown(row("work", 1.0)), limit=1)
        == found[:1]
    )


def test_recursion_ends():
    looping = (
        function("def a(x):\n    return b(x)\n", {"return b(x)": 5.0}, stage="work", calls=("b",)),
        function("def b(x):\n    return c(x)\n", {"return c(x)": 5.0}, first_line=20, calls=("c", "b", "a")),
        function("def c(x):\n    return b(x)\n", {"return b(x)": 5.0}, first_line=30, calls=("b",)),
    )
    for one in optimisations.find(run(*looping, work=5.0), None, breakdown(row("work", 1.0))):
        assert all(0 <= line.share <= 1 for line in one.hot_lines)


def test_a_stage_that_is_a_block():
    whole = function(
        """
        def run(inputs):
            with stage("load"):
                data = load(inputs)
            with stage("work"):
                for i in data:
                    use(i)
            return data
        """,
        {"data = load(inputs)": 3.0, "for i in data:": 1.0, "use(i)": 5.0, "return data": 0.0},
        stage="load",
    )
    (found,) = optimisations.find(run(whole, load=3.0, work=6.0), None, breakdown(row("work", 1.0)))
    assert [line.text for line in found.hot_lines] == ["for i in data:", "use(i)"]
    assert found.before.text.splitlines() == [
        "def run(inputs):",
        "    # ... 2 lines left out",
        '    with stage("work"):',
        "        for i in data:",
        "            use(i)",
        "    return data",
    ]


def test_a_stages_own_code_leaves_its_children_out():
    parent = function(
        """
        @stage("all")
        def everything(x):
            y = work(x)
            return sum(v for v in y)
        """,
        {"y = work(x)": 10.0, "return sum(v for v in y)": 2.0},
        stage="all",
        calls=("work",),
        first_line=40,
    )
    profile = run(SLOW, parent, all=12.0, all__work=10.0)
    rows = [row("all", 1.0), row("all/work", 0.8), row("all", 0.2, kind="own code")]
    found = optimisations.find(profile, None, breakdown(*rows))
    assert [(one.stage, one.function) for one in found] == [("all/work", "work"), ("all", "everything")]
    assert [line.text for line in found[1].hot_lines][-1] == "return sum(v for v in y)"


def test_outside_all_stages():
    whole = function("def run(inputs):\n    return slow(inputs)\n", {"return slow(inputs)": 1.0})
    (found,) = optimisations.find(run(whole), None, breakdown(row("", 1.0, kind="outside stages")))
    assert (found.stage, found.function) == ("outside stages", "run")


def test_after_shows_the_namesake_then_the_costliest():
    renamed = function("def inner(v):\n    return v\n", {"return v": 5.0}, first_line=30, stage=None)
    cheap = function("def cheap(v):\n    return v\n", {"return v": 0.01}, first_line=35, stage=None)
    calling = function(
        """
        @stage("work")
        def work(v):
            a = inner(v)
            b = cheap(v)
            return a
        """,
        {"a = inner(v)": 5.5, "b = cheap(v)": 0.02, "return a": 0.0},
        stage="work",
        calls=("inner", "cheap"),
    )
    contender = run(calling, cheap, renamed, work=6.0)
    (found,) = optimisations.find(run(SLOW, work=10.0), contender, breakdown(row("work", 1.0)))
    assert [block.function for block in found.after] == ["work", "inner"]


def test_a_nested_function_is_shown_within_its_own():
    outer = function(
        """
        @stage("work")
        def work(v):
            def fill(i):
                v[i] = 0
            list(pool.map(fill, range(9)))
        """,
        {"list(pool.map(fill, range(9)))": 5.0},
        stage="work",
        calls=("work.<locals>.fill",),
    )
    fill = function(
        "    def fill(i):\n        v[i] = 0\n", {"v[i] = 0": 4.0}, first_line=12, name="work.<locals>.fill"
    )
    (found,) = optimisations.find(
        run(SLOW, work=10.0), run(outer, fill, work=5.0), breakdown(row("work", 1.0))
    )
    assert [block.function for block in found.after] == ["work"]


def test_source_that_cannot_be_parsed_is_shown_all_the_same():
    broken = function("def work(:\n    x = 1\n", {"x = 1": 1.0}, stage="work")
    (found,) = optimisations.find(run(broken, work=1.0), run(FAST, work=0.1), breakdown(row("work", 1.0)))
    assert found.before.text == "def work(:\n    x = 1"
    assert found.techniques == ()


# ---------------------------------------------------------------- excerpts


def long_function(n: int, hot: int) -> model.FunctionLines:
    body = "\n".join(f"        x += {i}" for i in range(n))
    return function(
        f"def work(x):\n    '''Two\n    lines.'''\n    for _ in range(9):\n{body}\n    return x\n",
        {f"x += {hot}": 1.0},
    )


@pytest.mark.parametrize("hot", [0, 1, 30, 59])
def test_a_long_function_is_cut_around_its_hot_lines(hot):
    one = long_function(60, hot)
    block = excerpt(one, range(10, 100), [cost.line for cost in one.lines])
    text = block.text.splitlines()
    assert block.cut is True
    assert text[0] == "def work(x):"
    assert "    for _ in range(9):" in text
    assert f"        x += {hot}" in text
    left_out = [int(line.split()[2]) for line in text if "lines left out" in line]
    shown = len(text) - len(left_out)
    assert shown + sum(left_out) == len(one.source) - 2  # the docstring's two lines
    assert shown <= MAX_LINES + 2


def test_a_short_function_is_whole():
    one = long_function(10, 5)
    block = excerpt(one, range(10, 100), [])
    assert block.cut is False
    assert len(block.text.splitlines()) == len(one.source) - 2
    assert block.first_line == 10


def test_a_function_that_is_only_a_docstring_keeps_it():
    one = function("def work(x):\n    '''Nothing.'''\n")
    assert excerpt(one, range(10, 12), []).text == "def work(x):\n    '''Nothing.'''"


def test_a_method_is_dedented():
    one = function("    def work(self):\n        return 1\n", name="A.work")
    assert excerpt(one, range(10, 12), [11]).text == "def work(self):\n    return 1"


def test_a_method_with_text_at_the_margin():
    source = "    def work(self):\n        'Doc.'\n        return '''\nSELECT\n'''"
    one = function(source, name="A.work")
    assert excerpt(one, range(10, 16), [12]).text.splitlines() == [
        "def work(self):",
        "    return '''",
        "SELECT",
        "'''",
    ]
