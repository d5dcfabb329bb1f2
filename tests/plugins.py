"""Installed distributions that plug something into perfkit, laid out by hand."""

from __future__ import annotations

import textwrap
from pathlib import Path


def plug_in(
    folder: Path, group: str, name: str, source: str, *, version: str = "1.0", target: str | None = None
) -> str:
    """Lay out a distribution ``perfkit-NAME`` with one entry point; returns the path to add.

    Parameters
    ----------
    target
        What the entry point names; the module ``NAME_plugin``, which holds the source, without it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}_plugin.py").write_text(textwrap.dedent(source))
    info = folder / f"perfkit_{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: perfkit-{name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target or f'{name}_plugin'}\n")
    return str(folder)
