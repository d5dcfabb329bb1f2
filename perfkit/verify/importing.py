"""Which of the baseline's stages a contender calls while it is imported, where nothing is timed."""

from __future__ import annotations

import inspect
import os
import sys
from typing import TYPE_CHECKING, Any

from perfkit.verify.watch import is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, FrameType


class Importing:
    """Notes the project's functions that are called while it is active. It slows down what it watches.

    Parameters
    ----------
    root
        The project's.
    """

    def __init__(self, root: str) -> None:
        self._start = os.path.realpath(root) + os.sep
        self._calls: dict[CodeType, str] = {}

    def __enter__(self) -> Importing:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code not in self._calls and self._is_own(code.co_filename):
            above = frame.f_back
            while above is not None and not self._is_own(above.f_code.co_filename):
                above = above.f_back
            self._calls[code] = "" if above is None else above.f_code.co_filename

    def _is_own(self, file: str) -> bool:
        return os.path.realpath(file).startswith(self._start) and not is_installed(file)

    def called(self, stages: Mapping[str, Callable[..., Any] | None], file: str) -> list[str]:
        """Return which stages were called by other code than that of their own file.

        Parameters
        ----------
        stages
            The baseline's, by name.
        file
            In which they are.
        """
        found = []
        for name, function in stages.items():
            inner = inspect.unwrap(function) if function is not None else None
            caller = self._calls.get(getattr(inner, "__code__", None))  # type: ignore[arg-type]
            if caller and os.path.realpath(caller) != os.path.realpath(file):
                found.append(name)
        return found
