"""perfkit: prove a speedup.

Pipeline code imports `stage` from here and nothing else. What a script or a notebook calls is loaded on first
use, so that importing perfkit costs the measured process next to nothing.
"""

import sys

from perfkit.markers import stage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from perfkit.errors import PerfkitError
    from perfkit.notebook import load_ipython_extension as load_ipython_extension
    from perfkit.python.calls import compare, load, profile, run, scale, verify
    from perfkit.python.outcomes import (
        ComparisonResult,
        ProfileResult,
        ScalingResult,
        TimingResult,
        VerificationResult,
    )

__all__ = [
    "ComparisonResult",
    "PerfkitError",
    "ProfileResult",
    "ScalingResult",
    "TimingResult",
    "VerificationResult",
    "compare",
    "load",
    "profile",
    "run",
    "scale",
    "stage",
    "verify",
]
__version__ = "0.1.0"

_CALLS, _OUTCOMES = "perfkit.python.calls", "perfkit.python.outcomes"
_HOMES = {
    "ComparisonResult": _OUTCOMES,
    "PerfkitError": "perfkit.errors",
    "ProfileResult": _OUTCOMES,
    "ScalingResult": _OUTCOMES,
    "TimingResult": _OUTCOMES,
    "VerificationResult": _OUTCOMES,
    "compare": _CALLS,
    "load": _CALLS,
    "load_ipython_extension": "perfkit.notebook",
    "profile": _CALLS,
    "run": _CALLS,
    "scale": _CALLS,
}


def __getattr__(name: str) -> object:
    """Load a name on first use (PEP 562)."""
    from importlib import import_module

    if name == "verify":
        return import_module("perfkit.verify")
    if name not in _HOMES:
        raise AttributeError(f"module 'perfkit' has no attribute {name!r}", name=name)
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    """Name what there is, loaded or not."""
    return sorted({*globals(), *__all__})


class _Verify(type(sys)):  # type: ignore[misc]
    """The package ``perfkit.verify``, which is also the function of that name."""

    def __call__(self, *sides: object, **options: object) -> object:
        from perfkit.python import calls

        return calls.verify(*sides, **options)  # type: ignore[arg-type]


class _Perfkit(type(sys)):  # type: ignore[misc]
    """The package itself: it makes its part ``verify`` callable when that is loaded, by whomever."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "verify" and type(value) is type(sys):
            value.__class__ = _Verify
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Perfkit
