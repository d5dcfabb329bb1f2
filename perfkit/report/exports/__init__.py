"""What is stored, in the formats of other tools: one module a format, records in, bytes out.

`trees` and `benchmarks` are what the formats of call stacks and those of timings share.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Format: TypeAlias = Literal[
    "speedscope", "folded", "difffolded", "chrome", "pstats", "pyperf", "pytest-benchmark", "csv"
]

FORMATS: tuple[Format, ...] = get_args(Format)
"""perfkit's own; `perfkit.report.renderers` knows those that are plugged in."""
