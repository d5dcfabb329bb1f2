"""perfkit: prove a speedup.

Pipeline code imports `stage` from here and nothing else. Everything a notebook or script calls is loaded
on first use, so that importing perfkit costs the measured process next to nothing.
"""

from perfkit.markers import stage

__all__ = ["stage"]
__version__ = "0.1.0"
