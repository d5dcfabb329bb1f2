"""Parameters as a reader would set them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.text import Line, code, line, listed

if TYPE_CHECKING:
    from perfkit.model import Parameters


def settings(parameters: Parameters) -> Line:
    """Print parameters as Python would take them: ``n=100, dtype='float32'``."""
    if not parameters:
        return line("no parameters")
    return listed([line(code(f"{name}={value!r}")) for name, value in sorted(parameters.items())])


def changed_settings(parameters: Parameters, usual: Parameters) -> Parameters:
    """Return the parameters that differ from the usual ones."""
    return {name: value for name, value in parameters.items() if name not in usual or usual[name] != value}
