"""How a speedup went, as Markdown, and as a page that stands by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from markdown_it import MarkdownIt

from perfkit.report import history
from perfkit.report.markdown import inline, table
from perfkit.report.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model.history import History

_CHART = "CHART-{}-OF-THIS-HISTORY"
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff; max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
code { font: 0.9em ui-monospace, monospace; background: #f3f4f6; padding: 0.1em 0.3em; border-radius: 4px; }
.wide { overflow-x: auto; } .wide svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid #d1d9e0; white-space: nowrap; }
th { text-align: left; color: #59636e; font-weight: 600; }
"""


def markdown(found: History, charts: Sequence[str]) -> str:
    """Write a history as Markdown.

    Parameters
    ----------
    charts
        Links of the series' charts, relative to where the Markdown will lie.

    Returns
    -------
    str
        Ends in one newline; the same for the same history.
    """
    images = [f"![Speedup from comparison to comparison, changes marked]({quote(one)})" for one in charts]
    return "\n\n".join(_parts(found, images)) + "\n"


def _parts(found: History, images: Sequence[str]) -> list[str]:
    made = history.build(found)
    parts = [f"# {inline(made.title)}"]
    for view, image in zip(made.series, images, strict=True):
        parts += [f"## {inline(view.title)}", inline(view.conditions)]
        parts += ["\n".join(f"- {inline(one)}" for one in view.headline), image]
        if view.stages is not None:
            parts += ["Each stage:", table(view.stages)]
        parts += ["Each comparison:", table(view.rows)]
    parts += ["## How to read it", "\n".join(f"- {inline(one)}" for one in (*made.method, *made.notes))]
    return parts


def html(found: History, charts: Sequence[str]) -> str:
    """Write a history as one page for a browser, which needs nothing else.

    Parameters
    ----------
    charts
        The series' charts, as SVG.
    """
    title = plain(history.build(found).title)
    # Nothing in it is read as HTML; the charts take the places that were kept for them.
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    body = reader.render("\n\n".join(_parts(found, [_CHART.format(index) for index in range(len(charts))])))
    for index, chart in enumerate(charts):
        drawn = chart[chart.index("<svg") :]
        body = body.replace(f"<p>{_CHART.format(index)}</p>", f'<div class="wide">{drawn}</div>')
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escaped(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
