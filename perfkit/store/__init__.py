"""Where runs and comparisons lie, and an index of them that can be made again from what lies there."""

from perfkit.store.folders import Store, named_errors, new_id, replace_file, timestamp

__all__ = ["Store", "named_errors", "new_id", "replace_file", "timestamp"]
