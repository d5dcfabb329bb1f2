"""What a verification notes of each entry into a stage, and how it tells whether a value has changed."""

from __future__ import annotations

import inspect
import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.random  # loaded before anything is seeded: NumPy itself loads it on first use
import xxhash

from perfkit.markers import Watcher
from perfkit.model import Call
from perfkit.verify import watch
from perfkit.verify.arrays import ArrayStore
from perfkit.verify.walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.model import Leaf
    from perfkit.verify.events import Events

_MOST_LEAVES = 20_000  # of an input or of arguments
_MOST_CALLS = 200  # of one stage that are noted with arguments and generators' states


def fingerprint(leaves: list[Leaf]) -> str:
    """Return one digest of a value's leaves: structure, types, and every value that can be read."""
    digest = xxhash.xxh3_128()
    for leaf in leaves:
        text = leaf.text if leaf.kind == "exact" or not leaf.digest else leaf.digest
        digest.update(
            f"{leaf.path}\0{leaf.type}\0{leaf.dtype}\0{leaf.shape}\0{text}\1".encode("utf-8", "replace")
        )
    return digest.hexdigest()


def looked_at(value: object, folder: Path) -> list[Leaf]:
    """Return a value's leaves with digests alone: nothing is stored."""
    return walk(value, ArrayStore(folder, 0), _MOST_LEAVES)


def changes(before: list[Leaf], after: list[Leaf]) -> dict[str, str]:
    """Return the places of an input that are no longer what they were, with the new digest or text."""
    old = {leaf.path: leaf for leaf in before if leaf.kind != "opaque"}
    new = {leaf.path: leaf for leaf in after if leaf.kind != "opaque"}
    found = {}
    for path in {**old, **new}:
        left, right = old.get(path), new.get(path)
        if left != right:
            found[path] = "gone" if right is None else f"{right.shape} {right.digest or right.text}"
    return found


class Calls(Watcher):
    """Notes each entry into a stage: its arguments, the generators before and after, active tracers."""

    def __init__(self, folder: Path, events: Events) -> None:
        self.found: list[Call] = []
        self._folder = folder
        self._events = events
        self._counts: Counter[str] = Counter()
        self._open: dict[str, list[tuple[int, dict[str, str], tuple[Leaf, ...]]]] = defaultdict(list)

    def opened(self, path: str) -> None:
        """Note the generators' states."""
        with self._events.muted():
            nth = self._counts[path]
            self._counts[path] += 1
            self._events.tracers.extend(one for one in watch.tracers() if one not in self._events.tracers)
            states = generator_states() if nth < _MOST_CALLS else {}
            self._open[path].append((nth, states, ()))

    def called(
        self, path: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Note the arguments, by name."""
        with self._events.muted():
            nth, states, _ = self._open[path].pop()
            leaves = looked_at(_named(function, args, kwargs), self._folder) if nth < _MOST_CALLS else []
            self._open[path].append((nth, states, tuple(leaves)))

    def closed(self, path: str) -> None:
        """Put the call down."""
        if not self._open[path]:
            return
        with self._events.muted():
            nth, before, arguments = self._open[path].pop()
            if nth < _MOST_CALLS:
                after = generator_states()
                self.found.append(
                    Call(stage=path, occurrence=nth, arguments=arguments, rng_before=before, rng_after=after)
                )


def _named(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {**{str(i): one for i, one in enumerate(args)}, **kwargs}
    return dict(bound.arguments)


def generator_states() -> dict[str, str]:
    """Return a digest of the state of each loaded global generator."""
    found = {}
    random = sys.modules.get("random")
    if random is not None:
        found["random"] = xxhash.xxh3_64_hexdigest(repr(random.getstate()).encode())
    state: Any = np.random.mtrand._rand.get_state(legacy=False)
    inner = dict(state["state"])
    key = inner.pop("key", None)  # the Mersenne Twister's; other generators are a few integers
    head = f"{state['bit_generator']} {inner} {state.get('has_gauss')} {state.get('gauss')}".encode()
    found["numpy"] = xxhash.xxh3_64_hexdigest(head + (b"" if key is None else key.tobytes()))
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_rng_state"):
        found["torch"] = xxhash.xxh3_64_hexdigest(torch.get_rng_state().numpy().tobytes())
    return found
