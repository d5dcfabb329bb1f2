"""The page's style sheet: its colours for light and for dark, and those of highlighted code."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pygments.formatters import HtmlFormatter

from perfkit.report import canvas

ASSETS = Path(__file__).parent / "assets"

# Red and blue stay apart for the colour-blind; new and vanished code are hatched besides.
LIGHT = {
    "paper": "#ffffff",
    "card": "#f6f8fa",
    "ink": canvas.INK,
    "quiet": canvas.QUIET,
    "rule": canvas.RULE,
    "link": "#0859a0",
    "before": "#8a949f",
    "after": canvas.COLOURS[1],
    "neutral": "#e3e6ea",
    "slower": "#c0392b",
    "faster": "#2b7bba",
    "new": "#e3b341",
    "vanished": "#9fb8ad",
    "good": "#1a7f37",
    "open": "#8a5a00",
    "bad": "#c0281f",
    "good-soft": "#e6f6ea",
    "open-soft": "#fff6dc",
    "bad-soft": "#fdebe9",
    "mark": "#8250df",
    "hot": "#d9480f",
    "added": "#e8f5ec",
    "removed": "#fdf0ee",
}
DARK = {
    "paper": "#0d1117",
    "card": "#161b22",
    "ink": "#e6edf3",
    "quiet": "#9aa4af",
    "rule": "#30363d",
    "link": "#6cb6ff",
    "before": "#8b949e",
    "after": "#4a9eea",
    "neutral": "#3a414a",
    "slower": "#e5604d",
    "faster": "#4393d3",
    "new": "#c9982a",
    "vanished": "#55756a",
    "good": "#4ac26b",
    "open": "#e3b341",
    "bad": "#ff7b72",
    "good-soft": "#12261a",
    "open-soft": "#2a2211",
    "bad-soft": "#2d1617",
    "mark": "#bc8cff",
    "hot": "#f0883e",
    "added": "#12231a",
    "removed": "#291a1b",
}
HEATS = 10
"""Steps of the heat in a line's margin."""
_LIGHT_CODE, _DARK_CODE = "default", "github-dark"
_SOURCE = ".code"


@cache
def sheet() -> str:
    """Return the whole style sheet; paper is always light."""
    by_choice, by_system = ":root[data-theme=dark]", ":root:not([data-theme=light])"
    return "\n".join(
        [
            _variables(":root", LIGHT, "light"),
            "@media screen {",
            _variables(by_choice, DARK, "dark"),
            "}",
            "@media screen and (prefers-color-scheme: dark) {",
            _variables(by_system, DARK, "dark"),
            "}",
            (ASSETS / "page.css").read_text(encoding="utf-8"),
            *(f".h{step} {{ --heat: {100 * step // HEATS}%; }}" for step in range(HEATS + 1)),
            _tokens(_SOURCE, _LIGHT_CODE),
            "@media screen {",
            _tokens(f"{by_choice} {_SOURCE}", _DARK_CODE),
            "}",
            "@media screen and (prefers-color-scheme: dark) {",
            _tokens(f"{by_system} {_SOURCE}", _DARK_CODE),
            "}",
        ]
    )


def _variables(selector: str, colours: dict[str, str], scheme: str) -> str:
    body = " ".join(f"--{name}: {colour};" for name, colour in colours.items())
    return f"{selector} {{ color-scheme: {scheme}; {body} }}"


def _tokens(selector: str, style: str) -> str:
    """Return the colours of highlighted code, without those of boxes and line numbers."""
    rules = HtmlFormatter(style=style).get_style_defs(selector).splitlines()
    wanted = (rule for rule in rules if rule.startswith(f"{selector} .") and ".hll" not in rule)
    return "\n".join(rule.partition("/*")[0].rstrip() for rule in wanted)
