"""Matching functions of two profiles: each way of finding a pair, what is left over, and hard input."""

from __future__ import annotations

import dataclasses
import random
import textwrap
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from benchmarks.matching import rates, standard_library
from benchmarks.mutations import make, table
from perfkit.analyse.bodies import alike, body_of
from perfkit.analyse.matching import match
from perfkit.analyse.outlines import Outline
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.model import FunctionTable, Matching


def functions(source: str) -> list[tuple[int, str]]:
    """List line and code name of all that a source's code objects hold, as cProfile knows them."""
    found: list[tuple[int, str]] = []
    waiting = [compile(source, "x", "exec")]
    while waiting:
        code = waiting.pop()
        found.append((code.co_firstlineno, code.co_name))
        waiting += [one for one in code.co_consts if isinstance(one, type(code))]
    return sorted(found[1:])


def profile(
    sources: dict[str, str], edges: list[tuple[str, str]] | None = None, **more: Any
) -> FunctionTable:
    """Make the table of all functions of some sources, which is the project's; edges by code name."""
    texts = {place: textwrap.dedent(text) for place, text in sources.items()}
    listed = [(place, line, name) for place, text in texts.items() for line, name in functions(text)]
    names = [name for _, _, name in listed]
    numbers = [(names.index(one), names.index(other)) for one, other in edges or []]
    return table(texts, listed, edges=numbers, own=True, **more)


def pairs(before: FunctionTable, after: FunctionTable, found: Matching) -> dict[str, tuple[str, str]]:
    """Return each function before with its partner and how it was found."""
    return {
        name: (after.names[found.partner[i]] if found.partner[i] >= 0 else "", found.how[i])
        for i, name in enumerate(before.names)
    }


LONG = """
    def {name}({arguments}):
        \"\"\"{doc}\"\"\"
        total = 0.0
        for row in rows:  # {doc}
            weight = weights[row.key] * row.scale
            total += weight * row.value
        if total > limit:
            raise ValueError(row.key)
        return total / len(rows)
"""


def long(name: str, doc: str = "Doc.", arguments: str = "rows, weights, limit") -> str:
    return textwrap.dedent(LONG).format(name=name, doc=doc, arguments=arguments)


# -------------------------------------------------------------------------------------- same name


def test_lines_may_move_and_files_may_lie_elsewhere() -> None:
    text = "class A:\n    def f(self): return 1\n\nclass B:\n    def f(self): return 2\n\ndef f(): return 3\n"
    before = profile({"m.py": text}, root="/here")
    after = profile({"m.py": "import os\n\n\n" + text}, root="/there")
    found = match(before, after)
    assert set(found.how) == {"same name"}
    assert [before.line[i] + 3 for i in range(5)] == [after.line[j] for j in found.partner]


def test_classes_are_recovered_from_the_text() -> None:
    before = profile({"m.py": "class A:\n    def f(self): return 1\n"})
    after = profile(
        {"m.py": "class B:\n    def f(self): return 2 + self.x\n\nclass A:\n    def g(self): pass\n"}
    )
    assert pairs(before, after, match(before, after))["f"] == ("", "vanished")


def test_given_and_recovered_names_meet() -> None:
    text = {"m.py": "class A:\n    def f(self): return 1\n    def g(self): return 2\n"}
    before = profile(text)
    after = table(
        {}, [("m.py", 9, "g"), ("m.py", 5, "f"), ("m.py", 2, "A")], qualified=["A.g", "A.f", "A"], own=True
    )
    found = match(before, after)
    assert [after.names[j] for j in found.partner] == before.names
    assert set(found.how) == {"same name"}


def test_a_bare_name_is_only_taken_where_it_is_unambiguous() -> None:
    before = table({}, [("m.py", 2, "f"), ("m.py", 9, "g"), ("m.py", 20, "g")])
    after = table({}, [("m.py", 4, "f"), ("m.py", 5, "g")], qualified=["A.f", "A.g"])
    assert match(before, after).partner.tolist() == [0, -1, -1]


def test_where_one_side_has_no_text_lines_that_stand_tell_functions_of_one_name_apart() -> None:
    text = (
        "class A:\n    def f(self): return 1\n\nclass B:\n    def f(self): return 2\n\ndef run(): return 3\n"
    )
    before = profile({"m.py": text})
    rows = [("m.py", 7, "run"), ("m.py", 5, "f"), ("m.py", 2, "f")]
    found = match(before, table({}, rows, own=True))
    partners = {(before.names[i], int(before.line[i])): int(j) for i, j in enumerate(found.partner)}
    assert (partners["run", 7], partners["f", 5], partners["f", 2]) == (0, 1, 2)
    # One line has moved: then nobody knows which is which.
    moved = match(before, table({}, [("m.py", 8, "run"), ("m.py", 5, "f"), ("m.py", 2, "f")], own=True))
    assert [int(j) for i, j in enumerate(moved.partner) if before.names[i] == "f"] == [-1, -1]


def test_the_variants_own_files_are_one_module() -> None:
    before = profile({"baselines/x.py": "def run(): return 1\n"}, main="baselines/x.py")
    after = profile({"optimized/y.py": "def run(): return 2\n"}, main="optimized/y.py")
    assert match(before, after).how == ["same name"]
    apart = dataclasses.replace(after, main=-1)
    assert match(before, apart).how == ["vanished"]


def test_what_one_side_has_in_its_own_file_the_other_may_import() -> None:
    before = profile({"slow.py": "def run(): return 1\ndef helper(): return 2\n"}, main="slow.py")
    after = profile(
        {"fast.py": "def run(): return 7\n", "slow.py": "def helper(): return 8\n"}, main="fast.py"
    )
    assert set(match(before, after).how) == {"same name"}


def test_the_projects_files_meet_by_the_end_of_their_places() -> None:
    text = "def f(): return 1\n"
    before = profile({"src/a/util.py": text, "src/b/util.py": text})
    after = profile({"lib/b/util.py": text, "lib/a/util.py": text})
    found = match(before, after)
    assert found.how == ["same name"] * 2
    assert found.partner.tolist() == [1, 0]
    ambiguous = profile({"c/util.py": text, "d/util.py": text})
    assert "same name" not in match(before, ambiguous).how


def test_a_getter_is_not_its_setter() -> None:
    text = """
        class A:
            @property
            def x(self): return self._x
            @x.setter
            def x(self, value): self._x = value
    """
    before = profile({"m.py": text})
    getter = "@property\n            def x(self): return self._x"
    after = profile({"m.py": text.replace(getter, "x = property()")})
    found = match(before, after)
    by_line = {int(before.line[i]): found.how[i] for i in range(len(before.names))}
    assert by_line == {2: "same name", 3: "vanished", 5: "same name"}


def test_functions_of_one_name_are_told_apart_by_body_then_order() -> None:
    lambdas = "f = [\n  lambda a: a.one,\n  lambda b: b.two,\n]\n"
    before = profile({"m.py": lambdas + "def g(): return 1\ndef g(): return 2\n"})
    after = profile({"m.py": "#\ndef g(): return 2\ndef g(): return 1\n" + lambdas})
    found = match(before, after)
    lines = {int(before.line[i]): int(after.line[j]) for i, j in enumerate(found.partner)}
    assert lines == {2: 5, 3: 6, 5: 3, 6: 2}


def test_of_several_in_a_file_that_stands_still_the_line_tells() -> None:
    before = table({}, [("m.py", 1, "g"), ("m.py", 10, "f"), ("m.py", 50, "f")])
    after = table({}, [("m.py", 1, "g"), ("m.py", 10, "f"), ("m.py", 90, "f")])
    assert match(before, after).partner.tolist() == [0, 1, -1]


def test_more_of_one_name_than_before_and_no_source_are_left_alone() -> None:
    before = table({}, [("m.py", 10, "<lambda>"), ("m.py", 1, "g")])
    after = table({}, [("m.py", 12, "<lambda>"), ("m.py", 14, "<lambda>"), ("m.py", 3, "g")])
    assert match(before, after).partner.tolist() == [-1, 2]


def test_addresses_of_built_ins_do_not_matter() -> None:
    names = [
        "<method 'split' of 'str' objects>",
        "<built-in method __new__ of type object at 0x{}>",
        "<f at 0x{}>",
    ]
    before = table({}, [("~", 0, name.format("7f01")) for name in names])
    after = table({}, [("~", 0, name.format("55aB")) for name in reversed(names)])
    assert match(before, after).partner.tolist() == [2, 1, 0]


def test_comprehensions_that_newer_pythons_inline_are_seen_through() -> None:
    older = table(
        {},
        [("m.py", 1, "f"), ("m.py", 2, "<listcomp>"), ("m.py", 2, "<lambda>")],
        qualified=["f", "f.<locals>.<listcomp>", "f.<locals>.<listcomp>.<locals>.<lambda>"],
        edges=[(0, 1), (1, 2)],
    )
    newer = table({}, [("m.py", 1, "f"), ("m.py", 2, "<lambda>")], qualified=["f", "f.<locals>.<lambda>"])
    found = match(older, newer)
    assert found.partner.tolist() == [0, -1, 1]
    assert found.into_before.tolist() == [-1, 0, -1]


# ------------------------------------------------------------------------ what user and code say


def test_a_map_comes_first() -> None:
    before = profile({"m.py": "def a(): return 1\ndef b(): return 2\n"})
    after = profile({"m.py": "def a(): return 3\ndef c(): return 4\n"})
    found = match(before, after, mapped={"a": "m.py:c"})
    assert pairs(before, after, found) == {"a": ("c", "mapped"), "b": ("", "vanished")}


def test_a_class_in_a_map_stands_for_its_methods() -> None:
    before = profile({"m.py": "class Old:\n    def f(self): return 1\n    def g(self): return 2\n"})
    after = profile({"n.py": "class New:\n    def g(self): return 3\n    def h(self): return 4\n"})
    assert pairs(before, after, match(before, after, mapped={"Old": "New"})) == {
        "Old": ("New", "mapped"),
        "f": ("", "vanished"),
        "g": ("g", "mapped"),
    }


def test_names_that_fit_nothing_are_told_together_with_what_was_meant() -> None:
    before = profile(
        {"m.py": "def normalise(): return 1\n", "n.py": "def g(): pass\n", "o.py": "def g(): pass\n"}
    )
    with pytest.raises(UsageError) as told:
        match(before, before, mapped={"normalize": "normalise", "g": "absent"})
    text = str(told.value)
    assert "no function of the old profile is called 'normalize' (did you mean 'normalise'?)" in text
    assert "the old name 'g' fits 2 functions (say which file, as in 'n.py:g')" in text
    assert "no function of the new profile is called 'absent'" in text
    assert text.endswith(".")
    assert "\n" not in text


def test_a_function_has_one_partner_only() -> None:
    before = profile({"m.py": "def a(): return 1\ndef b(): return 2\n"})
    with pytest.raises(UsageError, match="names the new function 'a' twice"):
        match(before, before, mapped={"a": "a", "b": "a"})


@pytest.mark.parametrize(
    "text",
    [
        '@stage("x", replaces="slow")\ndef fast(): return 1\n',
        "@other\n@perfkit.stage(\n    'x',\n    replaces = 'slow',\n)\ndef fast(): return 1\n",
        "# perfkit: replaces slow\n@stage('x')\ndef fast(): return 1\n",
        "def fast():  # perfkit: replaces slow\n    return 1\n",
        "@numba.njit(replaces='m.py:slow')\ndef fast(): return 1\n",
    ],
)
def test_the_code_may_say_what_it_replaces(text: str) -> None:
    before = profile({"m.py": "def slow(): return 1\ndef fast(): return 2\n"})
    after = profile({"m.py": text})
    found = match(before, after)
    assert pairs(before, after, found) == {"slow": ("fast", "replaces"), "fast": ("", "vanished")}


@pytest.mark.parametrize(
    "text",
    [
        "# @stage('x', replaces='slow')\ndef fast(): return 1\n",
        "def other():  # perfkit: replaces slow\n    return 1\n\ndef fast(): return 1\n",
        "@stage('replaces=\"slow\"')\ndef fast(): return 1\n",
        "@stage('x', replaces='never_was')\ndef fast(): return 1\n",
    ],
)
def test_what_is_not_said_is_not_read(text: str) -> None:
    before = profile({"m.py": "def slow(): return 'a' + other_thing\ndef fast(): return 2\n"})
    after = profile({"m.py": text})
    assert pairs(before, after, match(before, after))["fast"] == ("fast", "same name")


def test_a_librarys_keyword_of_that_name_means_nothing() -> None:
    before = profile({"m.py": "def slow(): return 1\n"})
    after = profile({"m.py": "@deprecated(replaces='slow')\ndef fast(): return other(3)\n"})
    theirs = dataclasses.replace(after, own=np.zeros(1, bool))
    assert match(before, after).how == ["replaces"]
    assert match(before, theirs).how == ["vanished"]


# ------------------------------------------------------------------------------- bodies and lines


def test_a_renamed_and_moved_function_is_known_by_its_body() -> None:
    loop = "    for one in node.children:\n        yield from walk(one)\n        yield one.name\n"
    recursive = f"def walk(node):\n{loop}"
    before = profile({"m.py": long("mean") + recursive})
    after = profile({"n.py": long("average", "Other words.") + recursive.replace("walk", "visit")})
    found = match(before, after)
    assert pairs(before, after, found) == {"mean": ("average", "same body"), "walk": ("visit", "same body")}
    assert found.similarity.tolist() == [1.0, 1.0]


def test_two_of_one_body_or_too_little_of_it_prove_nothing() -> None:
    before = profile({"m.py": long("a") + "class C:\n    def get(self): return self.x\n"})
    after = profile({"n.py": long("b") + long("c"), "o.py": "class D:\n    def fetch(self): return self.x\n"})
    assert set(match(before, after).how) == {"vanished"}


def test_little_suffices_within_one_class() -> None:
    text = "class C:\n    def size(self): return len(self.items)\n    def first(self): return self.items[0]\n"
    before, after = profile({"m.py": text}), profile({"m.py": text.replace("size", "count")})
    assert pairs(before, after, match(before, after))["size"] == ("count", "same body")


def test_an_edited_function_is_known_by_most_of_its_lines() -> None:
    before = profile({"m.py": long("mean") + long("other", arguments="rows").replace("total", "product")})
    edited = long("average").replace("total > limit", "total >= limit").replace("row.scale", "row.size")
    after = profile({"m.py": edited})
    found = match(before, after)
    assert pairs(before, after, found)["mean"] == ("average", "similar")
    assert 0.5 < found.similarity[before.names.index("mean")] < 1.0


def test_two_equally_alike_are_left_alone() -> None:
    before = profile({"m.py": long("mean")})
    edited = [long("x").replace("row.scale", "row.size"), long("y").replace("row.key)", "row.keys)")]
    after = profile(
        {"m.py": edited[0].replace("> limit", "< limit") + edited[1].replace("> limit", "< limit")}
    )
    assert match(before, after).how == ["vanished"]


def test_what_was_only_not_called_is_not_renamed() -> None:
    before = profile({"m.py": long("mean") + long("average").replace("0.0", "1.0")})
    both = before.sources[0]
    lines = {name: int(before.line[i]) for i, name in enumerate(before.names)}
    only = [table({"m.py": both}, [("m.py", lines[name], name)], own=True) for name in ("mean", "average")]
    assert match(only[0], only[1]).how == ["vanished"]


def test_lambdas_go_with_their_renamed_function() -> None:
    text = long("mean").replace(
        "return total", "rows.sort(\n        key=lambda row: row.key)\n    return total"
    )
    before = profile({"m.py": text})
    after = profile({"m.py": text.replace("mean", "average").replace("row: row.key", "row: -row.key")})
    assert pairs(before, after, match(before, after)) == {
        "mean": ("average", "similar"),
        "<lambda>": ("<lambda>", "similar"),
    }


# -------------------------------------------------------------------------------------- left over


CALLERS = "def run(): pass\ndef other(): pass\n"


def test_the_same_caller_suggests_the_only_candidate() -> None:
    before = profile({"m.py": CALLERS + "def loop(x):\n    return [a * a for a in x]\n"}, [("run", "loop")])
    after = profile({"m.py": CALLERS + "def array(y):\n    return np.square(y)\n"}, [("run", "array")])
    found = match(before, after)
    at = before.names.index("loop")
    assert (found.how[at], found.partner[at]) == ("suggested", -1)
    assert after.names[found.suggested[at]] == "array"
    elsewhere = profile({"m.py": CALLERS + "def array(y):\n    return np.square(y)\n"}, [("other", "array")])
    assert match(before, elsewhere).how[at] == "vanished"
    two = CALLERS + "def array(y):\n    return np.square(y)\ndef more(z): z += 1\n"
    after = profile({"m.py": two}, [("run", "array"), ("run", "more")])
    assert match(before, after).how[at] == "vanished"


def test_a_stage_tells_suggestions_apart() -> None:
    def side(names: tuple[str, str], bodies: tuple[str, str]) -> FunctionTable:
        text = CALLERS + "".join(
            f"@stage('{stage}')\ndef {name}(x):\n    return {body}\n"
            for stage, name, body in zip("ab", names, bodies, strict=True)
        )
        return profile({"m.py": text}, [("run", name) for name in names])

    before, after = side(("p", "q"), ("x + 1", "x * 2")), side(("s", "t"), ("np.add(x)", "np.mul(x)"))
    found = match(before, after)
    suggested = {before.names[i]: after.names[j] for i, j in enumerate(found.suggested) if j >= 0}
    assert suggested == {"p": "s", "q": "t"}


def test_the_unmatched_belong_to_their_nearest_matched_caller() -> None:
    names = ["run", "a", "b", "c", "loop", "knot", "lost"]
    edges = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5), (5, 4), (6, 6)]
    before = table({}, [("m.py", i + 1, name) for i, name in enumerate(names)], edges=edges)
    after = table({}, [("m.py", i + 1, name) for i, name in enumerate(["run", "a", "b"])])
    assert match(before, after).into_before.tolist() == [-1, -1, -1, 2, 2, 2, -1]
    costs = before.edge_cumulative_s.copy()
    costs[2] = 9.0
    costly = dataclasses.replace(before, edge_cumulative_s=costs)
    assert match(costly, after).into_before.tolist() == [-1, -1, -1, 1, 1, 1, -1]
    assert match(after, before).into_after.tolist() == [-1, -1, -1, 2, 2, 2, -1]


# --------------------------------------------------------------------------------------- hard input


def test_nothing_at_all() -> None:
    empty, some = table({}, []), profile({"m.py": "def f(): pass\n"})
    assert len(match(empty, empty).partner) == 0
    assert match(some, empty).how == ["vanished"]
    assert match(empty, some).into_after.tolist() == [-1]


@pytest.mark.parametrize(
    "now",
    [
        "",
        "def f(:\n  '''",
        "\n" * 3,
        "class A\n\tdef f(self",
        "def mean(",
        '"""',
        "@deco",
        "é = 1\n" * 30,
        "\x00\x0c\n",
    ],
)
def test_a_source_that_is_not_the_one_that_ran(now: str) -> None:
    text = long("mean") + "class A:\n    @x\n    def f(self): return [y for y in self]\n"
    ran = profile({"m.py": text})
    for sources in ({0: now}, {}):
        stale = dataclasses.replace(ran, sources=sources)
        found = match(ran, stale)
        assert found.how[ran.names.index("mean")] == "same name"
        assert match(stale, ran).partner[stale.names.index("mean")] == found.partner[ran.names.index("mean")]
        assert set(match(stale, stale).how) == {"same name"}


def test_names_in_any_script() -> None:
    names = ["größe", "函数", "🙂", "a\nb", "", "ﬁ"]
    before = table({}, [("données.py", i, name) for i, name in enumerate(names)])
    after = table({}, [("données.py", 2 * i, name) for i, name in enumerate(reversed(names))])
    assert match(before, after).partner.tolist() == list(reversed(range(6)))


def test_many_functions_take_moments() -> None:
    listed = [(f"p/m{i // 50}.py", i % 50 * 7 + 1, f"f{i % 50}") for i in range(50_000)]
    before = table({}, listed)
    moved = [(place, line + 5, name) for place, line, name in reversed(listed)]
    after = table({}, moved, root="/elsewhere")
    begin = time.process_time()
    reference = {key: i for i, key in enumerate(zip(before.names, before.file.tolist(), strict=True))}
    reference_s = time.process_time() - begin
    begin = time.process_time()
    found = match(before, after)
    took_s = time.process_time() - begin
    assert (found.partner == np.arange(50_000)[::-1]).all()
    assert len(reference) == 50_000
    assert took_s < 100 * reference_s  # some tens of passes over the names: linear, not quadratic


def test_mutated_real_code() -> None:
    files = standard_library()
    right = wrong = count = 0
    for seed in (11, 12):
        case = make(files, 400, seed)
        found = rates(case, match(case.before, case.after))
        right += sum(one.right for one in found.values())
        wrong += sum(one.wrong for one in found.values())
        count += sum(one.count for one in found.values())
        for kind in ("unchanged", "edited"):
            assert found[kind].right >= 0.99 * found[kind].count
    assert right >= 0.96 * count
    assert wrong <= 0.01 * count


# ---------------------------------------------------------------------------------------- the pieces


def test_definitions_are_found_as_the_compiler_finds_them() -> None:
    files = standard_library()
    places = sorted(files)
    random.Random(3).shuffle(places)
    seen = 0
    for place in places[:60]:
        outline = Outline(files[place])
        waiting = [compile(files[place], place, "exec", dont_inherit=True)]
        while waiting:
            code = waiting.pop()
            waiting += [one for one in code.co_consts if isinstance(one, type(code))]
            if code.co_name.startswith("<"):
                continue
            index = outline.find(code.co_name, code.co_firstlineno)
            assert outline.qualified(index) == code.co_qualname, (place, code.co_firstlineno)
            seen += 1
    assert seen > 1000


def test_a_body_ends_where_its_block_ends() -> None:
    text = textwrap.dedent('''
        def f(a, b="):",  # a colon: here
              c={1: 2}) -> dict[str, int]:
            """Doc."""
            x = """
        not the end
        """
            y = [
                1, 2,
        ]
            return g(a,
                b)  # f
        # a note
        z = f(1)
    ''')
    outline = Outline(text)
    body = body_of(outline, outline.find("f", 2))
    assert body.lines[0] == '(a, b="):", c={1: 2}) -> dict[str, int]:'
    assert body.lines[-1] == "b)"
    assert "Doc." not in body.fingerprint
    assert "note" not in body.fingerprint


def test_how_much_lines_are_alike() -> None:
    lines = ["a = f(x)", "b = g(a)", "return b"]
    assert alike(lines, lines) == 1.0
    assert alike(lines, ["quite = other", "code()"]) == 0.0
    assert alike([], []) == 1.0
    assert alike(lines, lines[:2]) == pytest.approx(0.8)
    assert 2 / 3 < alike(lines, ["a = f(x)", "b = g(a, c)", "return b"]) < 1.0
