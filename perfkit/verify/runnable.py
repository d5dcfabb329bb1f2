"""What of a loaded variant a verification needs; the worker hands it over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType


class Runnable(Protocol):
    """A loaded variant."""

    @property
    def module(self) -> ModuleType:
        """The module that holds its code."""

    @property
    def run(self) -> Callable[[Any], Any]:
        """What is called with the inputs."""

    def begin(self) -> None:
        """Get ready for a run."""

    def outcome(self, returned: object) -> object:
        """Return the result of a run, from what it returned."""

    def told(self, lines: Iterable[str]) -> object:
        """Return lines of text as they are compared."""


def result(side: Runnable, inputs: object) -> object:
    """Run a variant and return its result."""
    side.begin()
    return side.outcome(side.run(inputs))
