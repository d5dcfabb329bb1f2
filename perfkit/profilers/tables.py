"""Profiles as `FunctionTable`: of any file of cProfile or pstats, and of perfkit's own runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perfkit.model.tables import FunctionTable, Strings
from perfkit.profilers import places, recorded_text
from perfkit.profilers.pstats_file import read_columns
from perfkit.profilers.run_edges import edges_among

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.model import ProfileRun


def load_file(path: Path, *, cache: Path | None, root: Path | None = None) -> FunctionTable:
    """Load a file that cProfile or pstats wrote, on this machine or another.

    Parameters
    ----------
    path
        Of the profile.
    cache
        A folder in which its columns are kept for the next time; None: they are not.
    root
        The project's root, as it was where the profile was recorded. None: the common folder of all files
        that belong neither to Python nor to an installed package.

    Returns
    -------
    FunctionTable
        Qualified names are not known; `sources` holds the files that lie here and still fit.

    Raises
    ------
    StoreError
        If the file cannot be read or is no profile.
    """
    columns = read_columns(path, cache)
    located = places.locate(columns.files, root)
    texts = recorded_text.find(columns, located.own, _written(path))
    count = len(columns.file)
    return FunctionTable(
        title=path.name,
        python=located.python,
        files=columns.files,
        places=located.places,
        own=np.array(located.own, dtype=np.bool_),
        main=-1,
        sources=texts.by_file,
        file=columns.file,
        line=columns.line,
        names=Strings(columns.names, columns.name),
        qualified=Strings(("",), np.zeros(count, dtype=np.int32)),
        calls=columns.calls,
        primitive_calls=columns.primitive_calls,
        self_s=columns.self_s,
        cumulative_s=columns.cumulative_s,
        caller=columns.caller,
        callee=columns.callee,
        edge_calls=columns.edge_calls,
        edge_self_s=columns.edge_self_s,
        edge_cumulative_s=columns.edge_cumulative_s,
        notes=columns.notes + texts.notes,
    )


def _written(path: Path) -> float | None:
    """Return when a file was written."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def from_run(run: ProfileRun, folder: Path, root: Path) -> FunctionTable:
    """Make the table of one of perfkit's own runs under cProfile.

    Functions, qualified names and sources are the record's; callers and callees are those of cProfile's file
    in the run's folder. What perfkit did between the two, as a decorated stage does, is taken out of the
    calls: callers of perfkit's code call what it called, in proportion to their time.

    Parameters
    ----------
    run
        The record.
    folder
        The run's folder.
    root
        The project's root.

    Raises
    ------
    StoreError
        If cProfile's file is missing or damaged.
    """
    columns = read_columns(folder / run.file, None)
    functions = run.functions
    index = {file: number for number, file in enumerate(dict.fromkeys(one.file for one in functions))}
    files = list(index)
    located = places.locate(files, root)
    return FunctionTable(
        title=run.variant.name,
        python=run.python or located.python,
        files=files,
        places=located.places,
        own=np.array(located.own, dtype=np.bool_),
        main=index.get(run.variant.path, -1),
        sources={index[file]: text for file, text in run.sources.items() if file in index},
        file=np.array([index[one.file] for one in functions], dtype=np.int32),
        line=np.array([one.line for one in functions], dtype=np.int32),
        names=_strings(one.name for one in functions),
        qualified=_strings(one.qualified for one in functions),
        calls=np.array([one.calls for one in functions], dtype=np.int64),
        primitive_calls=np.array([one.primitive_calls for one in functions], dtype=np.int64),
        self_s=np.array([one.self_s for one in functions], dtype=np.float64),
        cumulative_s=np.array([one.cumulative_s for one in functions], dtype=np.float64),
        **edges_among(functions, columns, _recorded_root(columns.files, run.variant.path, root)),
        notes=columns.notes,
    )


def _recorded_root(files: Iterable[str], variant_path: str, root: Path) -> Path:
    """Return where the project lay when it was profiled: it may have been moved since."""
    end = f"/{variant_path}"
    return next((Path(one.removesuffix(end)) for one in files if one.endswith(end)), root)


def _strings(values: Iterable[str]) -> Strings:
    """Keep each different string once."""
    numbers: dict[str, int] = {}
    index = [numbers.setdefault(value, len(numbers)) for value in values]
    return Strings(list(numbers), np.array(index, dtype=np.int32))
