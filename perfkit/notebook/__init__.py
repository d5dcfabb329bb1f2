"""perfkit in a notebook: ``%load_ext perfkit`` gives ``%perfkit`` and ``%%perfkit``."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(ipython: Any) -> None:
    """Give a notebook the magics; IPython calls it for ``%load_ext perfkit``."""
    from perfkit.notebook.magic import Magic

    ipython.register_magic_function(Magic(ipython), "line_cell", "perfkit")
