"""One of perfkit's own at a time: what measures holds its pipeline's folder meanwhile."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from perfkit.store.lock import measuring

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.api.bench import Bench

P = ParamSpec("P")
R = TypeVar("R")


def alone(function: Callable[Concatenate[Bench, P], R]) -> Callable[Concatenate[Bench, P], R]:
    """Have a function that measures keep other processes out meanwhile; BusyError if one is in."""

    def locked(bench: Bench, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with measuring(bench.store.folder):
            return function(bench, *args, **kwargs)

    functools.update_wrapper(locked, function)
    return locked
