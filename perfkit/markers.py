"""``stage``: the one thing that pipeline code imports from perfkit.

While nobody measures, a stage costs a look at one module variable. While a `Recorder` is active, every
stage adds its wall time to a tree keyed by its path. Only the standard library's cheapest modules are
imported here (not even ``typing``), because this module is loaded inside the process that is measured.
"""

from __future__ import annotations

from _thread import get_ident  # threading.get_ident, without the 1 ms that importing threading costs
from contextvars import ContextVar
from time import perf_counter_ns

TYPE_CHECKING = False  # importing typing would cost more than all the rest of this module
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, TracebackType
    from typing import Any, ParamSpec, TypeAlias, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")
    # One open stage: its marker, its node (the enclosing one's in a recursion), the frame around it, its
    # thread, whether it is a recursion, and when it was opened. A tuple, because it is made at each entry.
    Frame: TypeAlias = tuple["stage", "Node", "Frame | None", int, bool, int]

_CO_GENERATOR, _CO_COROUTINE, _CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200  # inspect.CO_*, without inspect


class Node:
    """One stage at one place of the tree: how often it ran and for how long (nanoseconds)."""

    __slots__ = ("calls", "children", "path", "total_ns")

    def __init__(self, path: str) -> None:
        self.path = path
        self.calls = 0
        self.total_ns = 0
        self.children: dict[str, Node] = {}

    def child(self, name: str) -> Node:
        """Return the child of that name, made on first use."""
        found = self.children.get(name)
        if found is None:
            if not isinstance(name, str) or not name or "/" in name or name != name.strip():
                msg = f"a stage's name is a non-empty string without '/' or outer spaces, not {name!r}"
                raise ValueError(msg)
            found = self.children[name] = Node(f"{self.path}/{name}" if self.path else name)
        return found

    def walk(self) -> Iterator[Node]:
        """Yield the nodes below this one, depth first, in the order of their first entry."""
        for child in self.children.values():
            yield child
            yield from child.walk()


class Watcher:
    """What a recorder tells of the stages while it verifies; the ways of this class do nothing."""

    def opened(self, path: str) -> None:
        """Note that a stage opens."""

    def called(
        self, path: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Note the call of a decorated stage, after it opened."""

    def closed(self, path: str) -> None:
        """Note that a stage closes, before its value is handed over."""


class Recorder:
    """Collects what the stages of this process report, from `start` to `stop`.

    Each thread has a tree of its own, so that no lock is needed: stages of other threads run beside those
    of the main thread, and their times cannot be added to theirs.

    Parameters
    ----------
    on_checkpoint
        Called with a stage's path and its value, when a decorated stage returns or a block hands over a
        value. Called after the stage's own clock has stopped, but inside its parents' time: timed runs
        have none.
    watcher
        Told when a stage opens, with which arguments a decorated one is called, and when it closes; timed
        runs have none.
    """

    def __init__(
        self, on_checkpoint: Callable[[str, Any], None] | None = None, watcher: Watcher | None = None
    ) -> None:
        self.on_checkpoint = on_checkpoint
        self.watcher = watcher
        self.main_thread = get_ident()
        self.trees = {self.main_thread: Node("")}
        self.failed: tuple[int, str] | None = None

    def note_failure(self, error: BaseException, frame: Frame | None) -> None:
        """Remember the innermost stage that an exception left (its id: holding it would hold its frames)."""
        if frame is not None and (self.failed is None or self.failed[0] != id(error)):
            self.failed = (id(error), frame[1].path)

    def failed_in(self, error: BaseException) -> str:
        """Return the path of the stage in which an exception was raised, or its cause; empty if in none."""
        known = {id(error), id(error.__cause__)}
        return self.failed[1] if self.failed is not None and self.failed[0] in known else ""

    def start(self) -> None:
        """Make this the process's active recorder."""
        global _recorder  # noqa: PLW0603  the one look that a stage costs when nobody measures
        _current.set(None)
        _recorder = self

    def stop(self) -> None:
        """Stop recording."""
        global _recorder  # noqa: PLW0603
        _recorder = None

    def resume(self) -> None:
        """Record again after `stop`, inside the stages that were open then."""
        global _recorder  # noqa: PLW0603
        _recorder = self


_recorder: Recorder | None = None
_current: ContextVar[Frame | None] = ContextVar("perfkit_stage", default=None)


class stage:  # noqa: N801  read as a verb in pipeline code: @stage("x"), with stage("x")
    """Mark a named step of a pipeline, as a decorator or as a block.

    Stages nest: a stage opened inside another has the path ``outer/inner``. A stage entered again while it
    is open in the same thread (recursion) is part of the outer entry. A decorated function's return value
    is a checkpoint that perfkit can compare; a block hands one over with `checkpoint`.

    Parameters
    ----------
    name
        The stage's name: not empty, without ``/``.
    replaces
        Of a decorated function: name of the baseline's function whose place it takes, ``old`` or
        ``Class.old``, where they are called differently. It pairs the two when profiles are compared.

    Raises
    ------
    TypeError
        When it decorates a generator function, whose body does not run inside the call.

    Examples
    --------
    >>> from perfkit import stage
    >>> @stage("double")
    ... def double(x):
    ...     return 2 * x
    >>> with stage("both") as s:
    ...     s.checkpoint(double(1) + double(2))
    """

    __slots__ = ("name", "replaces")

    def __init__(self, name: str, *, replaces: str | None = None) -> None:
        self.name = name
        self.replaces = replaces

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate `function`: each call is timed, and its return value is a checkpoint."""
        code: CodeType | None = getattr(function, "__code__", None)
        flags = 0 if code is None else code.co_flags
        if flags & (_CO_GENERATOR | _CO_COROUTINE | _CO_ASYNC_GENERATOR):
            msg = (
                f"@stage({self.name!r}) cannot time the generator or coroutine function "
                f"{getattr(function, '__qualname__', function)!r}: its body runs after the call returns; "
                f"use 'with stage({self.name!r}):' inside it"
            )
            raise TypeError(msg)

        def staged(*args: P.args, **kwargs: P.kwargs) -> R:
            recorder = _recorder
            if recorder is None:
                return function(*args, **kwargs)
            self.__enter__()
            if recorder.watcher is not None:
                opened = _current.get()
                if opened is not None and not opened[4]:
                    recorder.watcher.called(opened[1].path, function, args, kwargs)
            try:
                value = function(*args, **kwargs)
            except BaseException as error:
                recorder.note_failure(error, self._close())
                raise
            frame = self._close()
            if recorder.on_checkpoint is not None and frame is not None and not frame[4]:
                recorder.on_checkpoint(frame[1].path, value)
            return value

        # functools.wraps, by hand: importing functools costs 2 ms
        for attribute in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
            if hasattr(function, attribute):
                setattr(staged, attribute, getattr(function, attribute))
        staged.__dict__.update(getattr(function, "__dict__", {}))
        staged.__wrapped__ = function  # type: ignore[attr-defined]
        staged.__perfkit_stage__ = self.name  # type: ignore[attr-defined]
        return staged

    def __enter__(self) -> stage:
        """Open the stage."""
        recorder = _recorder
        if recorder is None:
            return self
        parent = _current.get()
        thread = get_ident()
        name = self.name
        if parent is None or parent[3] != thread:
            # Outermost, or in a copied context (asyncio.to_thread): beside that stage, not within it.
            tree = recorder.trees.get(thread)
            if tree is None:
                tree = recorder.trees[thread] = Node("")
        else:
            above: Frame | None = parent
            while above is not None:
                if above[0].name == name and above[3] == thread:
                    # Recursion: the outer entry's clock runs over this time, so it must not count twice.
                    _current.set((self, parent[1], parent, thread, True, 0))
                    return self
                above = above[2]
            tree = parent[1]
        node = tree.children.get(name) or tree.child(name)
        if recorder.watcher is not None:
            recorder.watcher.opened(node.path)
        _current.set((self, node, parent, thread, False, perf_counter_ns()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the stage; an exception passes through, its time is kept."""
        recorder = _recorder
        if recorder is not None:
            frame = self._close()
            if error is not None:
                recorder.note_failure(error, frame)

    def _close(self) -> Frame | None:
        """Stop the clock; returns the frame, or None if the stage was opened before the recorder started."""
        now = perf_counter_ns()
        frame = _current.get()
        while frame is not None and frame[0] is not self:
            frame = frame[2]  # a suspended generator may have left a stage open above this one
        if frame is None:
            return None
        _current.set(frame[2])
        if not frame[4]:
            node = frame[1]
            node.calls += 1
            node.total_ns += now - frame[5]
            if _recorder is not None and _recorder.watcher is not None:
                _recorder.watcher.closed(node.path)
        return frame

    def checkpoint(self, value: object) -> None:
        """Hand over a value of this block, to be compared between baseline and contender.

        Parameters
        ----------
        value
            What the block computed. Not kept while nobody verifies.
        """
        recorder = _recorder
        if recorder is not None and recorder.on_checkpoint is not None:
            frame = _current.get()
            while frame is not None and frame[0] is not self:
                frame = frame[2]
            if frame is not None:
                recorder.on_checkpoint(frame[1].path, value)
