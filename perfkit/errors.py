"""Every error that perfkit raises on purpose: one root, each kind with the exit status it ends in.

Only the CLI turns an error into a status. 0 done and fine, 1 a gate failed, 2 wrong use, 3 a run failed,
4 inconclusive.
"""

from __future__ import annotations

EXIT_FINE = 0
EXIT_GATE = 1
EXIT_USAGE = 2
EXIT_RUN = 3
EXIT_INCONCLUSIVE = 4


class PerfkitError(Exception):
    """The root of perfkit's errors; its text is one clear sentence for the user."""

    exit_code = EXIT_USAGE


class UsageError(PerfkitError):
    """The user asked for something that does not exist or makes no sense."""


class StoreError(PerfkitError):
    """A stored record cannot be read or written: damaged, from a newer perfkit, or no permission."""


class DiskFullError(StoreError):
    """The disk was full; a later try may succeed."""

    exit_code = EXIT_RUN


class BusyError(PerfkitError):
    """Another perfkit is measuring there; a later try may succeed."""

    exit_code = EXIT_RUN


class RunError(PerfkitError):
    """A worker process failed: it raised, crashed, hung, or gave no proper reply.

    Parameters
    ----------
    message
        One sentence: what failed, where.
    details
        What the worker left behind (traceback, end of stderr), shown with ``--debug``.
    phase
        Where it failed, as in `perfkit.model.Failure`; empty if that is not known.
    """

    exit_code = EXIT_RUN

    def __init__(self, message: str, details: str = "", phase: str = "") -> None:
        super().__init__(message)
        self.details = details
        self.phase = phase


class BuildError(RunError):
    """A revision of a project that has to be built could not be."""


class InterruptedEarlyError(PerfkitError):
    """The user stopped a comparison; what was finished is kept."""

    exit_code = 130  # as every program that SIGINT ends
