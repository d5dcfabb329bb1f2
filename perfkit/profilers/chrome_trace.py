"""A trace that Perfetto and chrome://tracing open, written piece by piece and gzipped."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from perfkit.profilers.torch_events import Event

_PROCESS, _DEVICE = 1, 2


class Trace:
    """Writes events as they come; the file is whole only after `close`."""

    def __init__(self, file: Path) -> None:
        self._out = gzip.open(file, "wt", encoding="utf-8", compresslevel=3)  # noqa: SIM115  closed by close
        self._begin: int | None = None
        names = {_PROCESS: "run", _DEVICE: "device"}
        self._out.write('{"displayTimeUnit": "ms", "traceEvents": [\n')
        self._out.write(
            ",\n".join(
                json.dumps({"ph": "M", "name": "process_name", "pid": number, "args": {"name": name}})
                for number, name in names.items()
            )
        )

    def add(self, events: Iterable[Event]) -> None:
        """Write events; times are told from the first one's begin."""
        for event in events:
            if self._begin is None:
                self._begin = event.start_ns
            # Text by hand: json takes four times as long for each of these.
            self._out.write(
                f',\n{{"ph":"X","cat":"{event.kind}","name":{json.dumps(event.name or "run")},'
                f'"pid":{_DEVICE if event.kind == "device" else _PROCESS},"tid":{event.thread},'
                f'"ts":{(event.start_ns - self._begin) / 1e3:.3f},"dur":{event.duration_ns / 1e3:.3f}}}'
            )

    def close(self) -> None:
        """End the file."""
        self._out.write("\n]}\n")
        self._out.close()
