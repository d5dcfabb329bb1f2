"""The report as one HTML page that needs nothing besides itself."""

from __future__ import annotations

from perfkit.report.html.page import render

__all__ = ["render"]
