"""The bench for what is stored: also of pipelines that no configuration knows, such as two scripts."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.api.bench import Bench
from perfkit.errors import StoreError

if TYPE_CHECKING:
    from perfkit.catalog import Project


def bench(project: Project, pipeline: str | None) -> Bench:
    """Return a bench to read from.

    Parameters
    ----------
    pipeline
        Its name; None for the default, or the only one.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    found = Bench(project=project, pipeline=catalog.find_stored(project, pipeline))
    if found.pipeline.variants:
        return found
    for comparison_id in reversed(found.store.comparison_ids()):
        with contextlib.suppress(StoreError):
            latest = found.store.read_comparison(comparison_id)
            sides = {one.name: one for one in (latest.baseline, latest.contender)}
            paths = {name: one.path or one.target for name, one in sides.items()}
            known = dataclasses.replace(latest.pipeline, variants=paths)
            return dataclasses.replace(found, pipeline=known, variants=sides)
    return found
