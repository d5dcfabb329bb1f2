"""What the charts share: colours, the font, the card, and an SVG that is the same bytes for the same figure.

Drawn with matplotlib's objects alone: pyplot would keep a state of its own and choose a backend.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

# They differ in lightness as well as in hue, so they stay apart for the colour-blind and in print.
COLOURS = ("#a3acb8", "#0969b2", "#c4570a", "#3f2b6b")
"""The baseline's grey, the contender's blue, and those of further variants."""
INK = "#1f2328"
QUIET = "#59636e"
RULE = "#d1d9e0"
CARD = "#ffffff"
SIZE = 9.0
POINTS = 72.0
_FONT = "DejaVu Sans"  # comes with matplotlib, so the chart looks the same everywhere


def svg(draw: Callable[[], Figure], *, title: str, written: str) -> str:
    """Draw a figure and return it as an SVG.

    Parameters
    ----------
    draw
        Makes the figure; called with the charts' settings in force.
    written
        All names in it. Text is drawn as outlines, so that it looks the same wherever it is shown; only where
        a name has characters that the font lacks is text left to the viewer's fonts.
    """
    settings: dict[Any, Any] = {
        "svg.hashsalt": "perfkit",
        "svg.fonttype": "path" if _drawable(written) else "none",
        "font.family": [_FONT],
        "font.size": SIZE,
        "text.parse_math": False,
        "axes.unicode_minus": False,
    }
    with mpl.rc_context():
        mpl.rcdefaults()  # nobody's matplotlibrc decides how a report looks
        mpl.rcParams.update(settings)
        figure = draw()
        FigureCanvasSVG(figure)  # attaches itself to the figure, so that no backend is looked for
        out = io.StringIO()
        with warnings.catch_warnings():
            # A character that the font lacks is left to the viewer's fonts, so there is nothing to warn of.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    return out.getvalue()


def card(figure: Figure, across: float, down: float) -> None:
    """Put the white card under everything; its width and height in points."""
    figure.add_artist(
        Rectangle(
            (1 / across, 1 / down),
            (across - 2) / across,
            (down - 2) / down,
            transform=figure.transFigure,
            facecolor=CARD,
            edgecolor=RULE,
            linewidth=1,
            zorder=-1,
        )
    )


def _drawable(text: str) -> bool:
    """Say whether the font has all characters of a text."""
    font = get_font(findfont(FontProperties(family=_FONT)))
    return all(font.get_char_index(ord(one)) for one in set(text))


def width(text: str, size: float = SIZE, weight: str = "normal") -> float:
    """Return how wide a text will be, in points; characters that the font lacks count as wide ones."""
    if not text.strip():
        return 0.0
    if not _drawable(text):
        return 1.2 * size * len(text)
    return float(
        TextPath((0, 0), text, size=size, prop=FontProperties(family=_FONT, weight=weight)).get_extents().x1
    )


def time_tick(value: float) -> str:
    """Print a round time on an axis: ``10 ms``, ``0.5 s``."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")):
        if value >= scale * 0.9999:
            return f"{value / scale:.4g} {unit}"
    return f"{value:.1g} s"
