"""Functions of a notebook, written into modules: these are run in fresh processes and must do the same."""

from __future__ import annotations

import linecache
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import UsageError
from perfkit.python import cells
from perfkit.python.definitions import used

if TYPE_CHECKING:
    from pathlib import Path


class Notebook:
    """Runs cells as IPython does: their text is found by a file name of its own."""

    def __init__(self, *texts: str) -> None:
        self.main = ModuleType("__main__")
        self.names: dict[str, Any] = vars(self.main)
        self.names["In"] = [""]
        for text in texts:
            self.run(text)

    def run(self, text: str) -> None:
        name = f"<cell {id(self)} {len(self.names['In'])}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        self.names["In"].append(text)
        exec(compile(text, name, "exec"), self.names)  # noqa: S102


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(*texts: str) -> Notebook:
        made = Notebook()
        monkeypatch.setitem(sys.modules, "__main__", made.main)
        for text in texts:
            made.run(text)
        return made

    return make


def _same(made: Notebook, folder: Path, call: str, *names: str) -> dict[str, str]:
    """See that a call gives the same in a fresh process; returns the modules' texts."""
    written = cells.modules(names, made.names)
    files = written.write(folder)
    imports = "\n".join(f"from {files[name].stem} import {name}" for name in names)
    place = str(files[names[0]].parent)
    code = f"import sys; sys.path.insert(0, {place!r})\n{imports}\nprint(repr(({call})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == repr(eval(call, made.names))  # noqa: S307
    return written.texts


def test_functions_take_along_what_they_use(notebook: Any, tmp_path: Path) -> None:
    made = notebook(
        "import math\nimport os.path as paths\nfrom collections import Counter as Bag\n"
        "LIMIT = 3\nNEVER = object()",
        "def helper(x):\n    return math.floor(x) + LIMIT\n",
        "def old(x):\n    def inner(y):\n        return [helper(z) for z in y]\n"
        "    return inner(x), Bag('aab')['a'], paths.basename('a/b')\n",
        "LIMIT = 5",
    )
    texts = _same(made, tmp_path, "old([1.5, 2.5])", "old")
    assert list(texts) == ["notebook_old"]
    assert "LIMIT = 5" in texts["notebook_old"]  # as it is now
    assert "NEVER" not in texts["notebook_old"]


def test_each_side_has_a_module_and_what_both_use_is_shared(notebook: Any, tmp_path: Path) -> None:
    made = notebook(
        "import json\nimport decimal\nfrom dataclasses import dataclass",
        "@dataclass\nclass Sample:\n    x: int\n\n    def twice(self):\n        return 2 * self.x",
        "def old(sample):\n    return json.dumps(sample.twice()), isinstance(sample, Sample)",
        "def new(sample):\n    return str(decimal.Decimal(2 * sample.x)), isinstance(sample, Sample)",
        "def make_inputs(seed):\n    return Sample(seed)",
    )
    texts = _same(made, tmp_path, "old(make_inputs(4)) == new(make_inputs(4))", "old", "new", "make_inputs")
    assert sorted(texts) == ["notebook_make_inputs", "notebook_new", "notebook_old", "notebook_shared"]
    assert "decimal" not in texts["notebook_old"]  # what the other side imports costs this one nothing
    assert [name for name, text in texts.items() if "class Sample" in text] == ["notebook_shared"]


def test_decorators_defaults_bases_and_mutual_recursion(notebook: Any, tmp_path: Path) -> None:
    made = notebook(
        "import functools\nBASE = 2",
        "def twice(f):\n    @functools.wraps(f)\n    def wrapper(*a):\n"
        "        return BASE * f(*a)\n    return wrapper",
        "def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n > 0 and even(n - 1)",
        "class Parent:\n    factor = BASE\nclass Child(Parent):\n    def go(self, n):\n"
        "        return self.factor * even(n)",
        "@twice\ndef old(n, child=Child()):\n    return child.go(n)",
        "@functools.lru_cache\ndef cached(n):\n    return old(n)",
    )
    _same(made, tmp_path, "old(4), cached(6), old(3)", "old", "cached")


def test_values_that_are_made_again(notebook: Any, tmp_path: Path) -> None:
    made = notebook(
        "import re, functools, math\nfrom pathlib import Path\n"
        "from collections import namedtuple\nfrom enum import Enum",
        "WORD = re.compile(r'\\w+', re.I)\nHERE = Path('data')\nNAN = float('nan')\nFAR = -math.inf\n"
        "KNOWN = {'a': (1, 2.5), 'b': [None, True]}\nEMPTY = set()\nONE = (1,)\n"
        "BYTES = frozenset({b'x'})\nSTEPS = range(3)",
        "Point = namedtuple('Point', 'x y', defaults=[7])\nclass Colour(Enum):\n    RED = 1",
        "def base(x, k):\n    return x * k\ntriple = functools.partial(base, k=3)",
        "def old(text):\n"
        "    return (WORD.findall(text), str(HERE), NAN, FAR, KNOWN, EMPTY, ONE, BYTES, list(STEPS), "
        "Point(1).y, Colour.RED.value, triple(5))",
    )
    _same(made, tmp_path, "old('Ab c')", "old")


def test_a_partial_and_an_alias_of_the_notebook_are_sides(notebook: Any, tmp_path: Path) -> None:
    made = notebook(
        "import functools\ndef base(x, k):\n    return x * k\nold = functools.partial(base, k=3)\nnew = base",
    )
    _same(made, tmp_path, "old(2), new(2, 3)", "old", "new")


def test_what_functions_assign_is_in_one_module_with_all_that_use_it(notebook: Any, tmp_path: Path) -> None:
    made = notebook(
        "count = 0",
        "def bump():\n    global count\n    count += 1\n    return count",
        "def old():\n    bump()\n    return count",
    )
    texts = cells.modules(["old"], made.names).texts
    files = cells.modules(["old"], made.names).write(tmp_path)
    assert list(texts) == ["notebook_shared"]
    folder, name = str(files["old"].parent), files["old"].stem
    code = f"import sys; sys.path.insert(0, {folder!r})\nimport {name} as m\nprint(m.old())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_annotations_keep_the_meaning_that_their_cell_gave_them(notebook: Any, tmp_path: Path) -> None:
    made = notebook("from __future__ import annotations\ndef old(x: Missing) -> Missing:\n    return x")
    texts = _same(made, tmp_path, "old(1), old.__annotations__['x']", "old")
    assert "from __future__ import annotations" in texts["notebook_old"]


def test_perfkits_stage_is_imported_from_where_pipelines_do(notebook: Any) -> None:
    made = notebook("from perfkit import stage\n@stage('count')\ndef old(x):\n    return len(x)")
    assert "from perfkit import stage" in cells.modules(["old"], made.names).texts["notebook_old"]


def test_a_redefined_function_is_taken_as_it_is_now(notebook: Any, tmp_path: Path) -> None:
    made = notebook(
        "def helper():\n    return 1", "def old():\n    return helper()", "def helper():\n    return 2"
    )
    _same(made, tmp_path, "old()", "old")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "import numpy as np\nDATA = np.zeros((4, 3))\ndef old():\n    return DATA.sum()",
            r"old uses DATA, an ndarray of shape \(4, 3\) that the notebook computed: .* make_inputs",
        ),
        (
            "DATA = [object()]\ndef inner():\n    return DATA\ndef old():\n    return inner()",
            "inner uses DATA, a list of 1 items that the notebook computed",
        ),
        (
            "DATA = list(range(50_000))\ndef old():\n    return DATA",
            "old uses DATA, a list of 50,000 items, which is data",
        ),
        (
            "key = lambda x: x\ndef old():\n    return key(1)",
            r"old uses key, a lambda: write it as def key\(",
        ),
        (
            "def make():\n    def inner():\n        return 1\n    return inner\n"
            "helper = make()\ndef old():\n    return helper()",
            "old uses helper, a function that make made",
        ),
        (
            "def old():\n    return 1\nkept = old\ndef old():\n    return kept()",
            "old uses kept, an earlier version of old, a name that now means another",
        ),
        (
            "import functools\ndef plain():\n    return 1\nplain = functools.lru_cache(plain)\n"
            "def old():\n    return plain()",
            "old uses plain, plain, wrapped after its definition",
        ),
        ("old = type('old', (), {})", "old is a class whose source is not known"),
        ("old = eval('lambda: 1')", "old is a lambda"),
        ("exec('def old(): return 1')", "old is a function whose source is not known"),
    ],
)
def test_what_cannot_be_made_again_is_refused_by_name(notebook: Any, text: str, expected: str) -> None:
    made = notebook(text)
    with pytest.raises(UsageError, match=expected):
        cells.modules(["old"], made.names)


def test_a_class_of_the_cell_that_is_running_is_found(notebook: Any) -> None:
    made = notebook()
    text = "from enum import Enum\nclass Colour(Enum):\n    RED = 1\ndef old():\n    return Colour.RED"
    made.run(text)
    made.names["In"].clear()  # a magic's body is no part of the history
    with pytest.raises(UsageError, match="old uses Colour, a class whose source is not known"):
        cells.modules(["old"], made.names)
    with cells.besides(text):
        assert "class Colour" in cells.modules(["old"], made.names).texts["notebook_old"]


def test_a_class_whose_cell_failed_halfway_is_not_taken_for_the_one_that_there_is(notebook: Any) -> None:
    made = notebook("class Colour:\n    RED = 1\n", "def old():\n    return Colour.RED")
    made.names["In"].append("class Colour:\n    GREEN = 1 / 0\n")
    assert "RED = 1" in cells.modules(["old"], made.names).texts["notebook_old"]


def test_the_same_functions_lie_in_the_same_place(notebook: Any, tmp_path: Path) -> None:
    made = notebook("def old():\n    return 1")
    first = cells.modules(["old"], made.names).write(tmp_path)["old"]
    assert cells.modules(["old"], made.names).write(tmp_path)["old"] == first
    made.run("def old():\n    return 2")
    assert cells.modules(["old"], made.names).write(tmp_path)["old"] != first
    assert "return 1" in first.read_text()


def test_global_names_are_told_from_local_ones() -> None:
    needs, writes = used(
        "@deco\ndef f(a, b=default) -> note:\n    global count\n    count = a\n    local = outer\n"
        "    return [x for x in b], (lambda y: y + free), local\n"
    )
    assert needs >= {"deco", "default", "note", "outer", "free", "count"}
    assert not needs & {"a", "b", "local", "x", "y"}
    assert writes == {"count"}
