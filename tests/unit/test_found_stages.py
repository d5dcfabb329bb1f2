"""Which functions become stages where none is declared, and which of the other side answers to each."""

from __future__ import annotations

import ast
import textwrap

from perfkit.analyse.found_stages import File, Found, Written, choose, names, pair
from perfkit.api.found import _written
from perfkit.measure import staging
from perfkit.model import StageTiming


def timings(**seconds: float | tuple[float, int]) -> list[StageTiming]:
    """Return stages by path, a double underscore for a slash: seconds, or seconds and calls."""
    found = []
    for path, value in seconds.items():
        total_s, calls = value if isinstance(value, tuple) else (value, 1)
        found.append(
            StageTiming(path=path.replace("__", "/"), calls=calls, total_s=total_s, in_main_thread=True)
        )
    return found


def file(source: str, path: str = "a.py") -> File:
    source = textwrap.dedent(source)
    found = staging.functions(ast.parse(source))
    return File(path=path, source=source, functions={name: _written(node) for name, node in found})


# ---------------------------------------------------------------- choose


def test_the_entry_is_passed_by() -> None:
    found = choose(
        timings(main=9.9, main__run=9.8, main__run__load=1.0, main__run__train=8.0, main__run__train__go=7.0),
        10.0,
    )
    assert found.entry == "run"
    assert found.functions == ("load", "train", "go")
    assert found.children == {"": ("load", "train"), "train": ("go",)}
    assert found.above["go"] == {"main", "run", "train"}


def test_what_does_nearly_all_but_calls_nothing_is_a_stage() -> None:
    assert choose(timings(main=10.0, main__work=9.9), 10.0).functions == ("work",)
    assert choose(timings(work=9.9), 10.0).functions == ("work",)


def test_a_script_that_calls_its_steps_itself_has_no_entry() -> None:
    found = choose(timings(load=3.0, train=6.0), 10.0)
    assert (found.entry, found.functions) == ("", ("load", "train"))


def test_a_long_step_beside_others_is_no_entry() -> None:
    found = choose(timings(load=1.5, train=8.4, train__epoch=8.0), 10.0)
    assert found.functions == ("load", "train", "epoch")


def test_a_training_that_takes_nearly_all_is_a_step_like_those_around_it() -> None:
    around = timings(load=0.1, train=9.8, train__epoch=9.7, evaluate=0.05)
    assert choose(around, 10.0).functions == ("load", "train", "epoch", "evaluate")
    functions = {"seed": Written(line=1, silent=True), "log": Written(line=2, silent=True)}
    found = choose(timings(seed=0.1, log=0.1, run=9.7, run__a=3.0, run__b=6.0), 10.0, functions)
    assert found.entry == "run"


def test_what_is_called_too_often_for_its_time_is_left_out() -> None:
    found = choose(timings(load=1.0, train=8.0, train__forward=(0.1, 10_000), train__step=(5.0, 100)), 10.0)
    assert found.functions == ("load", "train", "step")
    assert found.left_out == ("forward",)


def test_a_trifle_that_returns_nothing_is_no_stage() -> None:
    functions = {
        "seed": Written(line=1, silent=True),
        "fit": Written(line=2, silent=True),
        "read": Written(line=3),
    }
    found = choose(timings(seed=0.01, read=0.01, fit=5.0, rest=4.0), 10.0, functions)
    assert found.functions == ("read", "fit", "rest")


def test_other_threads_and_nothing_at_all() -> None:
    one = StageTiming(path="f", calls=1, total_s=1.0, in_main_thread=False)
    assert choose([one], 1.0).functions == ()
    assert choose([], 1.0) == Found(entry="", functions=())


# ---------------------------------------------------------------- pair


def paired(ours: str, theirs: str, ours_found: Found, theirs_found: Found) -> dict[str, tuple[str, str]]:
    result = pair((file(ours), file(theirs, "b.py")), (ours_found, theirs_found))
    return {one.baseline: (one.contender, one.how) for one in result.pairs}


def calling(*functions: str, **below: tuple[str, ...]) -> Found:
    inner = tuple(one for names in below.values() for one in names)
    return Found(
        entry="",
        functions=(*functions, *inner),
        children={"": functions, **below},
        above={one: frozenset({parent}) for parent, names in below.items() for one in names},
    )


BODIES = {
    "slow": "out = []\n    for i in range(n):\n        out.append(i * {k})\n    return out",
    "fast": "return np.arange(n) * {k}",
}


def function(name: str, kind: str, k: int, doc: str = "", arguments: str = "n") -> str:
    text = f'    "{doc}"\n' if doc else ""
    return f"def {name}({arguments}):\n{text}    {BODIES[kind].format(k=k)}\n"


def test_the_same_name_answers() -> None:
    found = paired(function("f", "slow", 3), function("f", "fast", 3), calling("f"), calling("f"))
    assert found == {"f": ("f", "")}


def test_a_docstring_answers_where_name_and_body_are_others() -> None:
    ours = function("a", "slow", 3, "Edges.") + function("b", "slow", 5, "Bands.")
    theirs = function("p", "fast", 5, "Bands.") + function("q", "fast", 3, "Edges.")
    found = paired(ours, theirs, calling("a", "b"), calling("p", "q"))
    assert found == {"a": ("q", "docstring"), "b": ("p", "docstring")}


def test_a_word_of_the_name_answers() -> None:
    ours = function("compute_gradients", "slow", 3) + function("compute_spectrum", "slow", 5)
    theirs = function("spectrum_vectorised", "fast", 5) + function("fastGradient", "fast", 3)
    found = paired(
        ours,
        theirs,
        calling("compute_gradients", "compute_spectrum"),
        calling("spectrum_vectorised", "fastGradient"),
    )
    assert found == {
        "compute_gradients": ("fastGradient", "name"),
        "compute_spectrum": ("spectrum_vectorised", "name"),
    }


def test_the_one_that_is_left_answers_by_its_place_if_it_takes_as_much() -> None:
    ours = function("f", "slow", 3) + function("alpha", "slow", 5)
    theirs = function("f", "fast", 3) + function("omega", "fast", 5)
    found = paired(ours, theirs, calling("f", "alpha"), calling("f", "omega"))
    assert found["alpha"] == ("omega", "place")
    theirs = function("f", "fast", 3) + function("omega", "fast", 5, arguments="n, m")
    found = paired(ours, theirs, calling("f", "alpha"), calling("f", "omega"))
    assert found["alpha"] == ("", "")


def test_two_that_nothing_tells_apart_have_no_answer() -> None:
    ours = function("alpha", "slow", 3) + function("beta", "slow", 5)
    theirs = function("psi", "fast", 5) + function("omega", "fast", 3)
    found = paired(ours, theirs, calling("alpha", "beta"), calling("psi", "omega"))
    assert found == {"alpha": ("", ""), "beta": ("", "")}


def test_only_siblings_answer_to_each_other() -> None:
    ours = function("f", "slow", 3) + function("inner", "slow", 5, "Bands.")
    theirs = function("f", "fast", 3) + function("other", "fast", 5, "Bands.")
    assert paired(ours, theirs, calling("f", f=("inner",)), calling("f", f=("other",)))["inner"] == (
        "other",
        "docstring",
    )
    assert paired(ours, theirs, calling("f", f=("inner",)), calling("f", "other"))["inner"] == ("", "")


def test_what_one_side_calls_too_often_is_a_stage_on_neither() -> None:
    ours = function("f", "slow", 3) + function("g", "slow", 5)
    result = pair(
        (file(ours), file(ours, "b.py")),
        (calling("f", "g"), Found(entry="", functions=("f",), left_out=("g",), children={"": ("f",)})),
    )
    assert [one.baseline for one in result.pairs] == ["f"]
    assert result.own == ()
    assert result.left_out == ("g",)


def test_what_the_baseline_leaves_out_is_not_the_contenders_own() -> None:
    ours = function("f", "slow", 3) + function("g", "slow", 5)
    result = pair(
        (file(ours), file(ours, "b.py")),
        (Found(entry="", functions=("f",), left_out=("g",), children={"": ("f",)}), calling("f", "g")),
    )
    assert result.own == ()


def test_a_wrapper_without_an_answer_gives_way_to_what_it_wraps() -> None:
    ours = function("f", "slow", 3) + function("g", "slow", 5)
    theirs = function("f", "slow", 3) + function("g", "slow", 5) + "def both(n, m):\n    return f(n), g(n)\n"
    result = pair((file(ours), file(theirs, "b.py")), (calling("f", "g"), calling("both", both=("f", "g"))))
    assert [one.contender for one in result.pairs] == ["f", "g"]
    assert result.own == ()
    result = pair((file(theirs), file(ours, "b.py")), (calling("both", both=("f", "g")), calling("f", "g")))
    assert [one.baseline for one in result.pairs] == ["f", "g"]


def test_methods_of_a_renamed_class() -> None:
    text = (
        "class {}:\n    def extract(self, n):\n        return self.{}(n)\n    def {}(self, n):\n        {}\n"
    )
    ours = text.format("Slow", "edges", "edges", "return [i * 3 for i in range(n)]")
    theirs = text.format("Quick", "edge_counts", "edge_counts", "return np.arange(n) * 3")
    found = paired(
        ours,
        theirs,
        calling("Slow.extract", **{"Slow.extract": ("Slow.edges",)}),
        calling("Quick.extract", **{"Quick.extract": ("Quick.edge_counts",)}),
    )
    assert found == {"Slow.extract": ("Quick.extract", ""), "Slow.edges": ("Quick.edge_counts", "name")}


# ---------------------------------------------------------------- names, and what a file says


def test_names_are_short_where_that_is_enough() -> None:
    assert names(["A.f", "B.f", "A.g", "A.__init__", "h"]) == {
        "A.f": "A.f",
        "B.f": "B.f",
        "A.g": "g",
        "A.__init__": "A.__init__",
        "h": "h",
    }


def test_what_a_file_says_of_a_function() -> None:
    found = file("""
    class A:
        @decorated
        @again
        def f(self, a, /, b, *, c=1):
            '''First line.

            More.
            '''
            if a:
                return
            return None
        def g(self):
            def inner():
                return 1
            return inner
        def h(self):
            def inner():
                return 1
            self.x = inner
    """).functions
    assert found["A.f"] == Written(line=3, doc="First line.", parameters=3, silent=True)
    assert found["A.g"] == Written(line=13, doc="", parameters=0, silent=False)
    assert found["A.h"].silent
