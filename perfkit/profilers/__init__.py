"""One module a profiler, all of one make, so that others plug in beside them (see `catalog`).

Each has a worker half, ``Profiler``, which runs in the measured process, and a parent half, ``read``, which
turns what lies in the run's folder into `perfkit.model.Profiled`. `unseen` is the worker's watch over what a
profiler does not see.
"""
