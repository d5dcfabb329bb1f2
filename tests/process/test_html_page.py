"""The HTML report in a real headless browser: charts, flame graph, tables, themes, and not one request."""

from __future__ import annotations

import base64
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.report import html, units
from tests import differences
from tests.golden import stories

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
WAIT_S = 60
SENT = "Network.requestWillBeSent"

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER) and not os.environ.get("CI"), reason="needs Chromium and its driver"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-quic",
        "--no-first-run",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,1000",
        f"--user-data-dir={tmp_path_factory.mktemp('browser')}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.execute_cdp_cmd("Network.enable", {})
    try:
        yield driver
    finally:
        driver.quit()


def _until(browser: Any, script: str) -> Any:
    from selenium.webdriver.support.wait import WebDriverWait

    return WebDriverWait(browser, WAIT_S).until(lambda one: one.execute_script(f"return {script}"))


def _open(browser: Any, folder: Path, text: str) -> None:
    """Open a page, with all charts drawn; what the browser logged before belongs to another one."""
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get(file.as_uri())
    browser.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    _until(browser, "[...document.querySelectorAll('.plot')].every((one) => one.dataset.drawn)")


def _keys(browser: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def _choose(browser: Any, name: str, value: str) -> None:
    browser.execute_script(f"document.querySelector('[name={name}][value={value}]').click()")


def _flame(browser: Any) -> dict[str, str]:
    found: dict[str, str] = browser.execute_script(
        "return {...document.getElementById('flame-canvas').dataset}"
    )
    return found


PIXELS = """
const canvas = document.getElementById('flame-canvas');
const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
const seen = {};
for (let at = 0; at < data.length; at += 4 * 7) {
  const key = data[at] + ',' + data[at + 1] + ',' + data[at + 2];
  seen[key] = (seen[key] || 0) + 1;
}
return seen;
"""


def _colour(browser: Any, name: str) -> str:
    """Return a colour of the page's theme as the canvas holds it."""
    text = browser.execute_script(f"return perfkit.colour('{name}')")
    return ",".join(str(int(text[at : at + 2], 16)) for at in (1, 3, 5))


@pytest.fixture(scope="module")
def story() -> str:
    return html.render(stories.verified_win(), differences.difference())


def test_charts_are_drawn_and_nothing_is_asked_of_the_network(
    browser: Any, tmp_path: Path, story: str
) -> None:
    _open(browser, tmp_path, story)
    count = "document.querySelectorAll('#{} {}').length".format
    n_bars = browser.execute_script(f"return {count('chart-stages', '.bars .point')}")
    assert n_bars == 2 * 9
    assert browser.execute_script(f"return {count('chart-stages', '.errorbar')}") >= n_bars
    assert browser.execute_script(f"return {count('chart-savings', '.bars .point')}") == 10
    text = browser.execute_script("return document.getElementById('chart-stages').textContent")
    assert "186x" in text
    assert "35.20 s" in text
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    messages = [json.loads(one["message"])["message"] for one in browser.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in messages if one["method"] == SENT]
    assert [url for url in asked if not url.endswith("report.html")] == []
    assert [one for one in browser.get_log("browser") if one["level"] in {"SEVERE", "WARNING"}] == []


def test_the_policy_stops_what_would_ask(browser: Any, tmp_path: Path, story: str) -> None:
    _open(browser, tmp_path, story)
    refused = browser.execute_async_script(
        """
        const done = arguments[0];
        const seen = [];
        document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
        const image = new Image();
        image.src = 'http://127.0.0.1:9/x.png';
        document.body.append(image);
        const script = document.createElement('script');
        script.textContent = 'window.smuggled = true';
        document.body.append(script);
        fetch('http://127.0.0.1:9/').catch(() => setTimeout(() => done([seen, window.smuggled]), 100));
        """
    )
    assert set(refused[0]) >= {"img-src", "connect-src", "script-src-elem"}
    assert refused[1] is None
    browser.get_log("browser")


def test_the_flame_graph_is_drawn_and_its_views_differ(browser: Any, tmp_path: Path, story: str) -> None:
    _open(browser, tmp_path, story)
    assert int(_flame(browser)["drawn"]) > 15
    after = browser.execute_script(PIXELS)
    assert after.get(_colour(browser, "new"), 0) > 0
    assert after.get(_colour(browser, "vanished"), 0) == 0
    _choose(browser, "flame-view", "before")
    before = browser.execute_script(PIXELS)
    assert _flame(browser)["view"] == "before"
    assert before.get(_colour(browser, "vanished"), 0) > 0
    assert before.get(_colour(browser, "new"), 0) == 0
    _choose(browser, "flame-view", "vanished")
    gone = browser.execute_script(PIXELS)
    assert gone[_colour(browser, "vanished")] > before[_colour(browser, "vanished")]
    _choose(browser, "flame-view", "after")
    assert browser.execute_script(PIXELS) == after
    # As shares of their side, frames that got faster like all else are no longer so.
    _choose(browser, "flame-unit", "share")
    assert browser.execute_script(PIXELS) != after


def test_search_shows_the_share_that_matches(browser: Any, tmp_path: Path, story: str) -> None:
    _open(browser, tmp_path, story)
    plain = browser.execute_script(PIXELS)
    _keys(browser, "/", "normalise")
    before, after = (
        sum(tree.self_s[node] for node in _below(tree, "feature_extraction/normalise")) / sum(tree.self_s)
        for tree in differences.trees()
    )
    found = browser.execute_script("return document.getElementById('flame-found').textContent")
    assert found == (
        f"2 frames match: {units.percent(before)} of the time before, {units.percent(after)} after."
    )
    assert browser.execute_script(PIXELS).get(_colour(browser, "mark"), 0) > 0
    _keys(browser, "\ue007")  # Enter: to the match that costs most
    assert _flame(browser)["at"] == "feature_extraction/normalise"
    browser.execute_script("document.getElementById('flame-reset').click()")
    assert browser.execute_script("return document.getElementById('flame-found').textContent") == ""
    browser.execute_script("document.activeElement.blur()")
    assert browser.execute_script(PIXELS) == plain


def _below(tree: Any, name: str) -> list[int]:
    inside: set[int] = set()
    for node, (frame, parent) in enumerate(zip(tree.frame, tree.parent, strict=True)):
        if tree.frames[frame].name == name or parent in inside:
            inside.add(node)
    return sorted(inside)


def test_the_keyboard_walks_and_zooms(browser: Any, tmp_path: Path, story: str) -> None:
    _open(browser, tmp_path, story)
    browser.execute_script("document.getElementById('flame-canvas').focus()")
    _keys(browser, "\ue015", "\ue015")  # down, down
    assert _flame(browser)["at"] == "feature_extraction"
    said = browser.execute_script("return document.getElementById('flame-at').textContent")
    assert said.startswith("feature_extraction: total ")
    assert not browser.execute_script("return document.getElementById('flame-tip').hidden")
    _keys(browser, "\ue014")  # right: the sibling
    assert _flame(browser)["at"] == "model_training"
    _keys(browser, "\ue007")  # Enter
    zoomed = _flame(browser)
    assert zoomed["zoom"] == "model_training"
    crumbs = browser.execute_script("return document.getElementById('flame-crumbs').innerText")
    assert [one for one in crumbs.split() if one != "›"] == ["all", "stacks", "run", "model_training"]
    _keys(browser, "\ue00c", "\ue00c")  # Escape, Escape
    assert _flame(browser)["zoom"] == "all stacks"


def test_a_click_zooms_and_the_tooltip_has_the_figures(browser: Any, tmp_path: Path, story: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    _open(browser, tmp_path, story)
    canvas = browser.find_element(By.ID, "flame-canvas")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    size = canvas.size
    # The second row is "run", over the whole width.
    at = ActionChains(browser).move_to_element_with_offset(canvas, 0, round(-size["height"] / 2 + 30))
    at.perform()
    tip = browser.find_element(By.ID, "flame-tip").text
    before, after = (sum(tree.self_s) for tree in differences.trees())
    for figure in (units.seconds(before), units.seconds(after), units.seconds(after - before), "100.0 %"):
        assert figure in tip
    at.click().perform()
    assert _flame(browser)["zoom"] == "run"


def test_figures_are_printed_as_in_the_rest_of_the_report(browser: Any, tmp_path: Path, story: str) -> None:
    import random

    _open(browser, tmp_path, story)
    draw = random.Random(5)
    values = [0.0, 0.5, 1.0, 0.9995, 0.99949, 999.5, 1000.5, 100.5, 101.5, 12345.678, 1e-10, -0.25, 2.5e-3]
    values += [draw.choice((-1, 1)) * 10 ** draw.uniform(-10, 5) for _ in range(3000)]
    values += [draw.randrange(1, 10_000) / 8 for _ in range(500)]
    printed = browser.execute_script(
        "return arguments[0].map((one) => [perfkit.seconds(one), perfkit.percent(one), perfkit.count(one)])",
        values,
    )
    for value, (seconds, percent, count) in zip(values, printed, strict=True):
        assert seconds == units.seconds(value)
        assert percent == units.percent(value)
        if value == round(value):
            assert count == units.count(value)


def test_the_table_of_functions_sorts_and_filters(browser: Any, tmp_path: Path) -> None:
    many = tuple(
        differences.delta(
            differences.cost(f"function_{i}", 1e-3 * i, line=i, calls=(i * 7) % 1000),
            differences.cost(f"function_{i}", 1e-4, line=i) if i % 2 else None,
        )
        for i in range(5_000)
    )
    difference = differences.difference(functions=many)
    _open(browser, tmp_path, html.render(stories.verified_win(), difference))
    first = "document.querySelector('#function-table tbody tr').innerText"
    rows = "document.querySelectorAll('#function-table tbody tr').length"
    assert browser.execute_script(f"return {rows}") == 50
    assert browser.execute_script(f"return {first}").startswith("function_4999")
    assert "5,000 functions" in browser.execute_script(
        "return document.getElementById('function-count').textContent"
    )
    header = "document.querySelectorAll('#function-table th button')[{}].click()".format
    browser.execute_script(header(0))
    assert browser.execute_script(f"return {first}").startswith("function_0")
    assert (
        browser.execute_script(
            "return document.querySelectorAll('#function-table th')[0].getAttribute('aria-sort')"
        )
        == "ascending"
    )
    for column in range(10):
        browser.execute_script(header(column))
        once = browser.execute_script(f"return {first}")
        browser.execute_script(header(column))
        assert browser.execute_script(f"return {first}") != once
    browser.execute_script(
        "const kind = document.getElementById('function-kind'); kind.value = 'vanished';"
        "kind.dispatchEvent(new Event('change'))"
    )
    browser.execute_script("document.getElementById('function-text').focus()")
    _keys(browser, "function_49")
    shown = browser.execute_script("return document.getElementById('function-count').textContent")
    wanted = [i for i in range(0, 5_000, 2) if str(i).startswith("49")]
    assert shown == f"{len(wanted)} of 5,000 functions"
    browser.execute_script(
        "const part = document.getElementById('function-part'); part.value = 1;"
        "part.dispatchEvent(new Event('change'))"
    )
    assert browser.execute_script("return document.getElementById('function-count').textContent") == (
        "0 of 2 functions"
    )


def test_the_next_page_has_the_next_rows(browser: Any, tmp_path: Path) -> None:
    many = tuple(differences.delta(differences.cost(f"f{i:03}", 1.0 - 1e-3 * i), None) for i in range(120))
    _open(
        browser,
        tmp_path,
        html.render(stories.verified_win(), differences.difference(functions=many, stages=())),
    )
    browser.execute_script("document.getElementById('function-next').click()")
    names = browser.execute_script(
        "return [...document.querySelectorAll('#function-table tbody td:first-child')]"
        ".map((one) => one.innerText)"
    )
    assert names == [f"f{i:03}" for i in range(50, 100)]
    sums = browser.execute_script("return document.querySelector('#function-table tfoot').innerText")
    assert "total" in sums


def test_dark_and_light_apply_to_page_charts_and_graph(browser: Any, tmp_path: Path, story: str) -> None:
    _open(browser, tmp_path, story)
    paper = "getComputedStyle(document.body).backgroundColor"
    light, pixels = browser.execute_script(f"return {paper}"), browser.execute_script(PIXELS)
    assert light == "rgb(255, 255, 255)"
    ink = "getComputedStyle(document.querySelector('#chart-stages .annotation text')).fill"
    before = browser.execute_script(f"return {ink}")
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    try:
        assert _until(browser, f"{paper} !== 'rgb(255, 255, 255)' && {paper}")
        assert _until(browser, f"{ink} !== '{before}'")
        assert browser.execute_script(PIXELS) != pixels
        browser.execute_script("document.getElementById('theme').click()")  # light, whatever the system says
        assert browser.execute_script(f"return {paper}") == light
        assert browser.execute_script(PIXELS) == pixels
        browser.execute_script("document.getElementById('theme').click()")
        assert browser.execute_script("return document.documentElement.dataset.theme") == "dark"
    finally:
        browser.execute_script("localStorage.clear()")
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("width", [400, 1280])
def test_no_width_makes_the_page_scroll_sideways(
    browser: Any, tmp_path: Path, story: str, width: int
) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        _open(browser, tmp_path, story)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        columns = browser.execute_script(
            "return getComputedStyle(document.querySelector('.pair.replaced')).gridTemplateColumns"
        )
        assert len(columns.split()) == (1 if width < 600 else 2)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_print_opens_all_and_is_light(browser: Any, tmp_path: Path, story: str) -> None:
    _open(browser, tmp_path, story)
    browser.execute_script("document.getElementById('theme').click()")
    browser.execute_script("document.getElementById('theme').click()")  # dark
    try:
        state = (
            "return [document.querySelectorAll('details:not([open])').length,"
            "getComputedStyle(document.body).backgroundColor]"
        )
        closed, _ = browser.execute_script(state)
        browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        assert browser.execute_script(state) == [0, "rgb(255, 255, 255)"]
        browser.execute_script("dispatchEvent(new Event('afterprint'))")
        assert browser.execute_script(state)[0] == closed > 0
        assert browser.execute_script(state)[1] != "rgb(255, 255, 255)"
        made = browser.execute_cdp_cmd("Page.printToPDF", {})
        assert base64.b64decode(made["data"]).startswith(b"%PDF")
    finally:
        browser.execute_script("localStorage.clear()")


def test_fifty_thousand_stacks_paint(browser: Any, tmp_path: Path) -> None:
    before, after = (
        differences.large_tree(50_000, 1, file=file, times=times)
        for times, file in enumerate((differences.BEFORE, differences.AFTER))
    )
    difference = differences.difference(before_tree=before, after_tree=after, functions=(), stages=())
    _open(browser, tmp_path, html.render(stories.verified_win(), difference))
    painted = browser.execute_script(
        "return performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)"
    )
    assert len(painted) == 1
    drawn = int(_flame(browser)["drawn"])
    assert 100 < drawn < 50_000
    # Zoomed in, what was too narrow to be drawn is.
    browser.execute_script("document.getElementById('flame-canvas').focus()")
    _keys(browser, *["\ue015"] * 4, "\ue007")
    assert _flame(browser)["zoom"] != "all stacks"
    assert int(_flame(browser)["drawn"]) > 1


@pytest.mark.parametrize(
    "report",
    [stories.different, stories.one_pair, stories.slower_unverified, stories.awkward_names],
)
def test_other_reports_have_no_errors(browser: Any, tmp_path: Path, report: Any) -> None:
    _open(browser, tmp_path, html.render(report()))
    assert [one for one in browser.get_log("browser") if one["level"] in {"SEVERE", "WARNING"}] == []
    assert browser.execute_script("return document.querySelectorAll('#chart-stages .bars .point').length") > 0
