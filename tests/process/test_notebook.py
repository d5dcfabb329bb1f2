"""Real notebooks, run cell by cell in a kernel of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import nbclient
import nbformat
import pytest

from tests.pipelines import project
from tests.unit.test_docs import DOCS, blocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries


class Ran:
    """The cells of a notebook that ran to its end."""

    def __init__(self, cells: Sequence[str], folder: Path) -> None:
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
        client = nbclient.NotebookClient(
            book,
            timeout=200,
            kernel_name="python3",
            allow_errors=True,
            resources={"metadata": {"path": folder}},
        )
        client.execute()
        self.cells: list[Any] = book.cells

    def result(self, at: int) -> tuple[str, str]:
        """Return the text and the HTML of what a cell gave."""
        (found,) = [one for one in self.cells[at].outputs if one.output_type == "execute_result"]
        return found.data["text/plain"], found.data["text/html"]

    def error(self, at: int) -> str:
        """Return all that is shown of a cell's error."""
        (found,) = [one for one in self.cells[at].outputs if one.output_type == "error"]
        return "\n".join(found.traceback)

    def printed(self, at: int) -> str:
        return "".join(one.text for one in self.cells[at].outputs if one.output_type == "stream")

    def failed(self) -> list[int]:
        return [
            at
            for at, cell in enumerate(self.cells)
            if any(one.output_type == "error" for one in cell.outputs)
        ]


FUNCTIONS = [
    "%load_ext perfkit",
    "import json\nfrom dataclasses import dataclass\nimport numpy as np\nimport perfkit",
    "@dataclass\nclass Sample:\n    numbers: list\n\nSTEP = 3",
    "def helper(x):\n    return x + STEP\n\ndef old(sample):\n    out = []\n    for x in sample.numbers:\n"
    "        out = out + [helper(x)]\n    return out",
    "def new(sample):\n    return [x + STEP for x in sample.numbers]",
]


def test_functions_of_the_notebook_are_compared(tmp_path: Path) -> None:
    ran = Ran(
        [
            *FUNCTIONS,
            "%%perfkit compare old new --set n=600 --pairs 3 --no-profile --no-find-stages\n"
            "def make_inputs(seed, *, n=100):\n    return Sample(list(range(seed % 7, n)))",
            "result = _\nprint(result.verdict, result.equality.verdict, result.comparison.parameters)\n"
            "print(result.comparison.command)",
            "perfkit.verify(old, new, make_inputs=make_inputs, find_stages=False)",
            "timed = %perfkit run old --times 2 --set n=50",
            "print(len(timed.runs), timed.runs[0].variant.path)",
        ],
        tmp_path,
    )
    assert ran.failed() == []
    text, html = ran.result(5)
    assert "new" in text
    assert "verified" in text
    assert html.startswith('<div class="perfkit">')
    assert "<script" not in html
    verdict, command = ran.printed(6).splitlines()
    assert verdict.endswith("verified {'n': 600}")
    found = re.search(r"(reports/old/cells/\w+/notebook_old\.py):old .*notebook_make_inputs\.py", command)
    assert found is not None
    module = (tmp_path / found[1]).read_text()
    assert "def helper" in module
    assert "numpy" not in module  # nothing of the notebook that it does not use
    assert ran.result(7)[0].startswith("new equals old: verified on")
    assert ran.printed(9).startswith("2 reports/old/cells/")
    shown = [one for one in ran.cells[5].outputs if one.output_type == "display_data"]
    assert [one.data.get("text/html") for one in shown] == [""]  # progress is gone when all is done


def test_what_goes_wrong_is_one_sentence_and_the_cell_fails(tmp_path: Path) -> None:
    ran = Ran(
        [
            *FUNCTIONS,
            "TABLE = np.zeros((4, 2))\ndef bad(sample):\n    return TABLE.sum()",
            "%perfkit compare old bad",
            "%perfkit compare old missing",
            "%perfkit compare old new --pairs none",
            "%%perfkit compare old new\n1 / 0",
            "%perfkit compair old new",
            "%perfkit compare old new --junit x.xml",
            "%%perfkit list\npass",
            "%perfkit verify old bad --debug",
            "%perfkit compare --help",
        ],
        tmp_path,
    )
    assert ran.failed() == list(range(6, 14))
    assert ran.error(6).startswith(
        "perfkit: bad uses TABLE, an ndarray of shape (4, 2) that the notebook computed"
    )
    assert "make it in make_inputs" in ran.error(6)
    assert "notebook has no function 'missing'" in ran.error(7)
    assert "'none' is not a valid integer" in ran.error(8)
    assert all("Traceback" not in ran.error(at) for at in (6, 7, 8, 10, 11, 12))
    errors = [one for one in ran.cells[9].outputs if one.output_type == "error"]
    assert errors[0].ename == "ZeroDivisionError"
    assert errors[-1].traceback == ["perfkit: the cell's own code failed, so nothing was measured"]
    assert "did you mean 'compare'" in ran.error(10)
    assert "for the command line" in ran.error(11)
    assert "takes no cell" in ran.error(12)
    assert "Traceback" in ran.error(13)
    assert "--budget" in ran.printed(14)
    assert not (tmp_path / "reports" / "old" / "comparisons").exists()


def test_variants_and_other_commands_are_those_of_the_command_line(tmp_path: Path) -> None:
    ran = Ran(
        [
            "%load_ext perfkit",
            "def baseline(x):\n    raise RuntimeError('the variant is meant')",
            "%perfkit run baseline --set n=200",
            "%perfkit list",
            "r = %perfkit run optimized --set n=200\nr.runs[0].metrics",
            "%perfkit run optimized --json --set n=200",
        ],
        project(tmp_path),
    )
    assert ran.failed() == []
    assert ran.result(2)[0].startswith("baseline took")
    assert "squares" in ran.printed(3)
    assert "'mean': 0.5" in ran.cells[4].outputs[-1].data["text/plain"]
    assert '"runs": [' in ran.printed(5)


def test_the_cells_of_the_page_run(tmp_path: Path) -> None:
    cells = [text for language, text in blocks(DOCS / "notebook.md") if language == "ipython"]
    (refused,) = [text for language, text in blocks(DOCS / "notebook.md") if language == "text"]
    command, _, said = refused.partition("\n")
    ran = Ran([*cells, command], tmp_path)
    assert ran.failed() == [len(cells)], [ran.error(at) for at in ran.failed()]
    assert " ".join(ran.error(len(cells)).split()) == " ".join(said.split())
    assert "new achieved a" in ran.result(cells.index(next(one for one in cells if "load()" in one)))[0]
