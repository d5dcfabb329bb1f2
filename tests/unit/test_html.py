"""The HTML report: the Markdown report's figures, names that cannot become markup, and what is missing."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import html as entities
import json
import math
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from perfkit import model
from perfkit.report import html, markdown, units, view
from perfkit.report.html import charts, flames, functions, library, markup, sources
from perfkit.report.text import plain
from tests import builders, differences, scalings
from tests.golden import stories

if TYPE_CHECKING:
    from collections.abc import Callable

STORIES = [
    stories.verified_win,
    stories.different,
    stories.one_pair,
    stories.slower_unverified,
    stories.microseconds,
    stories.forked,
    stories.awkward_names,
]
HOSTILE = (
    '</script><script>alert(1)</script><img src=x onerror="alert(2)">&amp;\'\u202e\x00\x1b[31m\ud800\u2028'
)
FILES = (differences.BEFORE, differences.AFTER)
VOID = {"meta", "input", "br", "img", "link", "hr"}


class Page(HTMLParser):
    """The page as a browser would see it: its elements in order, its scripts, its words."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            attrs, text = self.scripts[-1]
            self.scripts[-1] = attrs, text + data
        elif not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]

    def data(self, ident: str) -> Any:
        return next(json.loads(text) for attrs, text in self.scripts if attrs.get("id") == ident)


def page(report: model.Report | None = None, difference: model.Difference | None = None) -> Page:
    return Page(html.render(report or stories.verified_win(), difference))


# ---------------------------------------------------------------- one story, told twice


def _figures(text: str) -> set[str]:
    return {one.rstrip(".,") for one in re.findall(r"\d[\d,.]*(?:e-?\d+)?", text)}


@pytest.mark.parametrize("story", STORIES)
def test_every_figure_of_the_markdown_report_is_there(story: Callable[[], model.Report]) -> None:
    report = story()
    # Only its headings are numbered; it never stands beside the page's own numbers.
    text = re.sub(r"(?m)^## \d\. ", "## ", markdown.render(report, chart="stages.svg"))
    made = MarkdownIt("commonmark").enable("table").render(text)
    shown = Page(made)
    here = page(report).text
    assert _figures(shown.text) <= _figures(here)


@pytest.mark.parametrize("story", STORIES)
def test_the_headline_and_the_conclusion_are_the_markdown_reports(story: Callable[[], model.Report]) -> None:
    made = view.build(story())
    here = page(story()).text

    def squeezed(text: str) -> str:
        return re.sub(r"[\s\u00a0]+", "", text)

    for words in (made.headline, made.conclusion, made.performance.process_note, *made.breakdown.remarks):
        assert squeezed(plain(words)) in squeezed(here)


def test_it_is_the_same_each_time() -> None:
    first, second = (html.render(stories.verified_win(), differences.difference()) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("story", STORIES)
def test_it_is_well_formed_and_says_what_is_missing(story: Callable[[], model.Report]) -> None:
    made = page(story())
    assert made.open == []
    idents = [attrs["id"] for _, attrs in made.elements if "id" in attrs]
    assert len(idents) == len(set(idents))
    assert [attrs["id"] for attrs in made.of("section")] == [
        "summary",
        "stages",
        "saved",
        "flames",
        "functions",
        "code",
        "outputs",
        "method",
    ]
    assert "Not profiled" in made.text
    assert "canvas" not in [tag for tag, _ in made.elements]
    for attrs in made.of("a"):
        assert (attrs["href"] or "").removeprefix("#") in idents
    for attrs in (attrs for _, attrs in made.elements if "aria-describedby" in attrs):
        assert attrs["aria-describedby"] in idents


def test_speed_and_outputs_have_tiles_of_their_own() -> None:
    wrong = page(stories.different())
    tiles = [attrs["class"] for attrs in wrong.of("div") if (attrs.get("class") or "").startswith("tile ")]
    assert tiles == ["tile good", "tile bad", "tile bad"]
    assert "not verified" in wrong.text
    slower = page(stories.slower_unverified())
    assert "tile bad" in [attrs.get("class") for attrs in slower.of("div")]
    assert "Outputs were not compared." in slower.text


def test_warnings_of_the_machine_come_first() -> None:
    machine = model.Machine(
        checks=(
            model.MachineCheck(name="governor", level="warning", seen="powersave", why="It is slow."),
            model.MachineCheck(name="load", level="ok", seen="none"),
        )
    )
    compared = builders.comparison(environment=builders.environment(machine=machine))
    text = html.render(builders.report(compared))
    assert text.index("Warning, governor:") < text.index('id="summary"')


def test_growth_is_told() -> None:
    report = dataclasses.replace(stories.verified_win(), growth=scalings.report())
    made = page(report)
    assert "Growth with the size of the input" in made.text
    assert made.of("svg")


# ---------------------------------------------------------------- no requests, no markup from names


def test_it_refers_to_nothing_outside_itself() -> None:
    report = dataclasses.replace(stories.verified_win(), growth=scalings.report())
    made = page(report, differences.difference())
    for tag, attrs in made.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "source"}
        assert not attrs.keys() & {"src", "srcset", "action", "formaction", "poster", "ping", "background"}
        assert not any(name.startswith("on") for name in attrs)
        for name in ("href", "xlink:href"):
            assert (attrs.get(name) or "#").startswith("#")
    style = re.search(r"<style>(.*?)</style>", html.render(report), re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import", style[1])


def test_its_policy_allows_its_own_scripts_alone() -> None:
    made = page(None, differences.difference())
    policy = next(
        attrs["content"] or ""
        for attrs in made.of("meta")
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'"
    running = [text for attrs, text in made.scripts if "type" not in attrs]
    packed = next(text for attrs, text in made.scripts if attrs.get("id") == "plotly")
    running.append(gzip.decompress(base64.b64decode(packed)).decode())
    wanted = {f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in running}
    assert set(rules["script-src"].split()) == wanted
    assert {attrs.get("type") for attrs, _ in made.scripts} == {None, "application/json", "text/plain"}


def _hostile_report() -> model.Report:
    row = builders.stage_row
    rows = [row(HOSTILE, 1.0, 0.5), row("", 1.0, 0.5, "total")]
    compared = builders.comparison(
        n_pairs=8,
        scrutiny=builders.scrutiny(builders.verification(builders.equivalence(HOSTILE, reason=HOSTILE))),
        contender=builders.variant(HOSTILE, path=HOSTILE),
        pipeline=model.Pipeline(name=HOSTILE, variants={}),
        notes=(HOSTILE,),
        command=HOSTILE,
    )
    block = model.CodeBlock(file=HOSTILE, function=HOSTILE, first_line=1, text=HOSTILE)
    change = model.Optimisation(
        stage=HOSTILE, function=HOSTILE, hot_lines=(), before=block, after=(block,), techniques=()
    )
    return builders.report(
        compared, builders.breakdown(rows, builders.estimate(2.0, 1.9, 2.1, n=8)), optimisations=(change,)
    )


def _hostile_difference() -> model.Difference:
    stack = differences.tree((differences.frame(HOSTILE, HOSTILE, 3), 1.0, []))
    side = model.SideLine(number=1, text=f'x = """{HOSTILE}"""', hits=1, time_s=1.0, share=1.0)
    cost = differences.cost(HOSTILE, 1.0, HOSTILE, 3)
    return differences.difference(
        before=differences.side(HOSTILE, size=HOSTILE),
        functions=(differences.delta(cost, cost), differences.delta(cost, None, partner=HOSTILE)),
        lines=(
            differences.aligned(
                before=HOSTILE,
                after_file=HOSTILE,
                stage=HOSTILE,
                lines=(model.AlignedLine(kind="replaced", before=side, after=side),),
            ),
        ),
        before_tree=stack,
        after_tree=stack,
        notes=(HOSTILE,),
    )


@pytest.mark.parametrize("difference", [None, _hostile_difference()], ids=["none", "hostile"])
def test_no_name_becomes_markup(difference: model.Difference | None) -> None:
    text = html.render(_hostile_report(), difference)
    text.encode()  # no lone surrogate is left
    assert not re.search(r"[\x00\x1b\u2028]", text)
    made = Page(text)
    assert "img" not in [tag for tag, _ in made.elements]
    assert len(made.scripts) == 5 + 2 * (difference is not None)
    assert not any(name.startswith("on") for _, attrs in made.elements for name in attrs)
    body = text[: text.index('<script type="application/json"')]
    assert "<script>alert" not in body
    assert "alert(1)" in made.text  # it is shown, as text
    for attrs, script in made.scripts:
        if attrs.get("type") == "application/json":
            json.loads(script)
            assert not re.search("[<>&]", script)


def test_plotly_reads_no_name_as_markup() -> None:
    report = _hostile_report()
    figure = charts.stages(report, view.build(report)).figure
    texts = [note["text"] for note in figure["layout"]["annotations"]]
    texts += [text for trace in figure["data"] for text in trace["hovertext"]]
    assert all(set(re.findall("</?[a-z]+", text)) <= {"<b", "</b", "<br"} for text in texts)
    assert any("&lt;/script&gt;" in text for text in texts)


def test_data_is_read_back_as_it_was() -> None:
    content = {"a": "</script>&<!--", "b": ["\u2028", 1.5, None]}
    assert json.loads(str(markup.data(content))) == content


# ---------------------------------------------------------------- charts


@pytest.mark.parametrize("story", [stories.verified_win, stories.one_pair, stories.slower_unverified])
def test_the_waterfall_adds_up_to_the_whole_saving(story: Callable[[], model.Report]) -> None:
    report = story()
    chart = charts.savings(report, view.build(report))
    assert chart is not None
    steps = chart.figure["data"][0]
    saved_s = report.breakdown.baseline_s - report.breakdown.contender_s
    total = math.fsum(one for one in steps["x"] if one is not None)
    assert total == pytest.approx(abs(saved_s), rel=1e-3)
    assert steps["measure"][-1] == "total"
    assert chart.figure["data"][1]["x"][-1] == pytest.approx(total)


def test_many_stages_are_summed_up_in_the_waterfall() -> None:
    rows = [builders.stage_row(f"s{i}", 1.0 + i, 0.5) for i in range(60)]
    total = builders.stage_row("", sum(r.baseline_s or 0 for r in rows), 30.0, "total")
    report = builders.report(found=builders.breakdown([*rows, total]))
    made = view.build(report)
    savings = charts.savings(report, made)
    assert savings is not None
    texts = [note["text"] for note in savings.figure["layout"]["annotations"]]
    assert "47 further" in texts
    steps = [one for one in savings.figure["data"][0]["x"] if one is not None]
    assert math.fsum(steps) == pytest.approx(total.saved_s)
    stages = charts.stages(report, made)
    assert stages.note == "21 further stages are in the table only."


def test_no_saving_that_was_shown_has_no_waterfall() -> None:
    report = stories.microseconds()
    assert charts.savings(report, view.build(report)) is None
    assert "No saving was shown" in page(report).text


def test_bars_have_intervals_and_a_single_pair_has_none() -> None:
    report = stories.verified_win()
    bars = charts.stages(report, view.build(report)).figure["data"]
    row = report.breakdown.rows[0]
    assert row.baseline_s is not None
    assert row.baseline_s_interval is not None
    assert bars[0]["error_x"]["visible"]
    assert bars[0]["error_x"]["array"][0] == pytest.approx(row.baseline_s_interval[1] - row.baseline_s)
    once = stories.one_pair()
    rows = [
        dataclasses.replace(one, baseline_s_interval=None, contender_s_interval=None, saved_s_interval=None)
        for one in once.breakdown.rows
    ]
    once = dataclasses.replace(once, breakdown=dataclasses.replace(once.breakdown, rows=tuple(rows)))
    made = charts.stages(once, view.build(once)).figure
    assert not any(bar["error_x"]["visible"] for bar in made["data"])


def test_the_library_unpacks_to_what_the_policy_allows() -> None:
    text = gzip.decompress(base64.b64decode(library.packed())).decode()
    assert library.allowed(text) == library.fingerprint()
    assert "plotly.js" in text[:200]


# ---------------------------------------------------------------- the flame graph's tree


def _merged(difference: model.Difference) -> tuple[Any, dict[str, tuple[float, float, str]]]:
    """Return the data, and each node's totals and way of matching by its path of names."""
    made = flames.flames(difference, FILES)
    assert made is not None
    data = made.data
    paths: list[str] = []
    found = {}
    for node, (frame, parent) in enumerate(zip(data["frame"], data["parent"], strict=True)):
        name, _, _, how = data["frames"][frame]
        paths.append(f"{paths[parent]}/{name}" if parent >= 0 else name)
        found[paths[-1]] = (data["total"][0][node], data["total"][1][node], how)
    return made, found


def _trees(before: differences.Nested, after: differences.Nested, **changes: Any) -> model.Difference:
    return differences.difference(
        before_tree=differences.tree(before), after_tree=differences.tree(after), **changes
    )


def test_totals_are_those_of_the_trees() -> None:
    before, after = differences.trees()
    _, found = _merged(differences.difference())
    assert found["run"][0] == pytest.approx(sum(before.self_s))
    assert found["run"][1] == pytest.approx(sum(after.self_s))


def test_a_renamed_function_is_one_frame() -> None:
    frame = differences.frame
    before = (frame("old", FILES[0], 10), 1.0, [(frame("helper", "lib.py", 1), 2.0, [])])
    after = (frame("fresh", FILES[1], 20), 0.5, [(frame("helper", "lib.py", 9), 1.0, [])])
    renamed = differences.delta(
        differences.cost("old", 1.0, FILES[0], 10), differences.cost("fresh", 0.5, FILES[1], 20), "same body"
    )
    _, found = _merged(_trees(before, after, functions=(renamed,), stages=()))
    assert found == {
        "old → fresh": (3.0, 1.5, "same body"),
        "old → fresh/helper": (2.0, 1.0, "same place"),
    }
    _, unpaired = _merged(_trees(before, after, functions=(), stages=()))
    assert unpaired["old"] == (3.0, 0.0, "vanished")
    assert unpaired["fresh"] == (0.0, 1.5, "new")


def test_a_name_that_another_function_took_over_is_new() -> None:
    frame = differences.frame
    before = (frame("work", "p.py", 10), 1.0, [])
    after = (frame("work_slowly", "p.py", 30), 0.5, [(frame("work", "p.py", 10), 0.25, [])])
    moved = differences.delta(
        differences.cost("work", 1.0, "p.py", 10), differences.cost("work_slowly", 0.5, "p.py", 30), "mapped"
    )
    _, found = _merged(_trees(before, after, functions=(moved,), stages=()))
    assert found == {
        "work → work_slowly": (1.0, 0.75, "mapped"),
        "work → work_slowly/work": (0.0, 0.25, "new"),
    }


def test_the_variants_own_functions_match_by_name_and_others_by_file() -> None:
    frame = differences.frame
    before = (frame("f", FILES[0], 1), 1.0, [(frame("g", "a.py", 1), 1.0, [])])
    after = (frame("f", FILES[1], 7), 1.0, [(frame("g", "b.py", 1), 1.0, [])])
    _, found = _merged(_trees(before, after, functions=(), stages=()))
    assert found["f"] == (2.0, 2.0, "same name")
    assert found["f/g"][2] in {"new", "vanished"}


def test_two_functions_of_one_name_stay_two() -> None:
    frame = differences.frame
    one, other = frame("<lambda>", "a.py", 3), frame("<lambda>", "a.py", 8)
    stack = (frame("run", "a.py", 1), 0.0, [(one, 1.0, []), (other, 2.0, [])])
    made, _ = _merged(_trees(stack, stack, functions=(), stages=()))
    assert sorted(made.data["total"][0]) == [1.0, 2.0, 3.0]


def test_small_stacks_are_left_out_and_the_page_says_so() -> None:
    before, after = (
        differences.large_tree(20_000, seed, file=file) for seed, file in zip((1, 2), FILES, strict=True)
    )
    difference = differences.difference(before_tree=before, after_tree=after, functions=(), stages=())
    made = flames.flames(difference, FILES)
    assert made is not None
    data = made.data
    whole = [sum(tree.self_s) for tree in (before, after)]
    shares = [
        max(b / whole[0], a / whole[1]) for b, a in zip(data["total"][0], data["total"][1], strict=True)
    ]
    assert min(shares) >= flames.THRESHOLD * 0.999
    assert all(parent < node for node, parent in enumerate(data["parent"]))
    said = " ".join(plain(one) for one in made.remarks)
    assert f"Drawn are {len(data['frame']):,} of" in said
    assert "0.01 % of the time" in said
    # What is left out counts in its callers: roots keep all of the time.
    roots = [node for node, parent in enumerate(data["parent"]) if parent < 0]
    assert sum(data["total"][0][node] for node in roots) == pytest.approx(whole[0])


def test_no_more_nodes_than_the_page_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flames, "MOST", 500)
    tree = differences.large_tree(5_000, 3)
    made = flames.flames(
        differences.difference(before_tree=tree, after_tree=tree, functions=(), stages=()), FILES
    )
    assert made is not None
    assert 1 < len(made.data["frame"]) <= 500


def test_guessed_stacks_are_called_approximate() -> None:
    tree = dataclasses.replace(differences.trees()[0], approximate=True, interval_s=None)
    made = flames.flames(differences.difference(before_tree=tree, after_tree=tree), FILES)
    assert made is not None
    assert "approximate: from callers and callees" in plain(made.remarks[0])
    assert made.data["intervals"] == [None, None]


@pytest.mark.parametrize(
    ("before", "after"), [(None, None), (differences.trees()[0], None), (differences.tree(),) * 2]
)
def test_no_stacks_on_both_sides_are_no_graph(
    before: model.CallTree | None, after: model.CallTree | None
) -> None:
    difference = differences.difference(before_tree=before, after_tree=after)
    assert flames.flames(difference, FILES) is None
    assert "There are no call stacks of both sides" in page(None, difference).text


# ---------------------------------------------------------------- functions and sources


def test_the_functions_are_the_differences_and_add_up() -> None:
    difference = differences.difference()
    made = functions.functions(difference)
    assert made is not None
    titles = [one["title"] for one in made.data["parts"]]
    assert titles == ["all stages", "feature_extraction/normalise", "feature_extraction/gradient"]
    rows = [row for row in made.data["rows"] if row["part"] == 0]
    assert len(rows) == len(difference.functions)
    assert {row["kind"] for row in rows} == {"matched", "new", "vanished"}
    saved = [row["keys"][functions.KEYS.index("saved")] for row in rows]
    assert saved == sorted(saved, reverse=True)
    assert made.data["parts"][0]["sums"][-1][0] == "total"
    first = page(None, difference)
    assert "gradient_features → gradients" in first.text
    assert all(cell in first.text for cell in rows[0]["cells"])


def test_a_function_has_the_same_figures_as_in_the_markdown_report() -> None:
    report = dataclasses.replace(stories.verified_win(), difference=differences.difference())
    shown = view.build(report).difference
    assert shown is not None
    assert shown.functions is not None
    made = page(report)
    rows = [row["cells"] for row in made.data("function-data")["rows"] if row["part"] == 0]
    keys = [column.key for column in shown.functions.table.columns]
    compared = 0
    for row, beside in zip(shown.functions.table.rows, shown.functions.rows, strict=True):
        if beside.kind in {"matched", "new", "vanished"}:
            cells = dict(zip(keys, map(plain, row.cells), strict=True))
            assert [cells[key] for key in functions.KEYS] in [one[: len(functions.KEYS)] for one in rows]
            compared += 1
    assert compared == len(differences.difference().functions)
    assert made.data("flame-data")["sides"] == ["baseline", "optimized"]


def test_profiles_without_stages_have_one_part() -> None:
    difference = differences.difference()
    whole = dataclasses.replace(difference.stages[0], path="", functions=difference.functions)
    plain_ = dataclasses.replace(difference, stages=(whole,))
    made = functions.functions(plain_)
    assert made is not None
    assert [one["title"] for one in made.data["parts"]] == ["all stages"]
    nothing = dataclasses.replace(difference, stages=(), functions=())
    assert functions.functions(nothing) is None


def test_lines_stand_side_by_side_with_their_figures() -> None:
    (first, second) = sources.sources(differences.difference())
    rows = [row for stretch in first.stretches for row in stretch.rows]
    assert [bool(stretch.folded) for stretch in first.stretches] == [False, True, False]
    kinds = [row[0] for row in rows]
    assert kinds == ["unchanged"] * 13 + ["replaced", "run", "replaced"]
    run = rows[14]
    assert (len(run[1]), run[2]) == (4, ())
    hot = run[1][2]
    assert "np.sqrt" in hot.text.striptags()
    assert (hot.cell.hits, hot.cell.each, hot.heat) == ("179,700", units.seconds(11.6 / 179700), 8)
    # A string that goes on over several lines is one, however it is cut.
    assert 'class="sd"' in rows[5][1][0].text
    assert second.before == ()


def test_what_was_removed_stands_beside_what_was_added_in_its_place() -> None:
    side = model.SideLine
    lines = (
        model.AlignedLine(kind="removed", before=side(number=1, text="a"), after=None),
        model.AlignedLine(kind="removed", before=side(number=2, text="b"), after=None),
        model.AlignedLine(kind="added", before=None, after=side(number=9, text="c")),
        model.AlignedLine(kind="unchanged", before=side(number=3, text="d"), after=side(number=10, text="d")),
    )
    (found,) = sources.sources(differences.difference(lines=(differences.aligned(lines=lines),)))
    rows = [
        (kind, *([one.cell.number for one in column] for column in columns))
        for kind, *columns in found.stretches[0].rows
    ]
    assert rows == [("run", ["1", "2"], ["9"]), ("unchanged", ["3"], ["10"])]


def test_marked_words_are_cut_out_of_tokens_and_nothing_is_lost() -> None:
    rows = [row for stretch in sources.sources(differences.difference())[0].stretches for row in stretch.rows]
    for at, where in ((1, "before"), (2, "after")):
        shown = [one for row in rows for one in row[at]]
        known = [side for row in differences.aligned().lines if (side := getattr(row, where)) is not None]
        assert len(shown) == len(known)
        for one, side in zip(shown, known, strict=True):
            assert entities.unescape(re.sub("<[^>]*>", "", str(one.text))) == side.text.rstrip()
    assert any("changed" in str(one.text) for row in rows for column in row[1:] for one in column)


def test_no_lines_are_said_to_be_missing() -> None:
    made = page(None, differences.difference(lines=()))
    assert "Lines were not profiled on both sides." in made.text


def test_functions_beyond_the_limit_are_counted() -> None:
    many = tuple(differences.aligned(before=f"f{i}", after=f"f{i}") for i in range(sources.MOST + 2))
    assert (
        "2 further functions that saved less are not shown"
        in page(None, differences.difference(lines=many)).text
    )
