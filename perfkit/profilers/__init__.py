"""One module a profiler.

Each has a worker half, ``Profiler``, which runs in the measured process, and a parent half, ``read``, which
turns what lies in the run's folder into the records of `perfkit.model`. `unseen` is the worker's watch over
what a profiler does not see.
"""
