"""From words to things: the project and its pipelines, and scripts, callables, commands and git revisions."""

from perfkit.catalog.project import (
    CONVENTION,
    Project,
    check_sizes,
    find_pipeline,
    find_stored,
    find_variant,
    open_project,
)

__all__ = [
    "CONVENTION",
    "Project",
    "check_sizes",
    "find_pipeline",
    "find_stored",
    "find_variant",
    "open_project",
]
