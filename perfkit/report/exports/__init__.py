"""What is stored, in the formats of other tools: one module a format, records in, bytes out.

`trees` and `benchmarks` are what the formats of call stacks and those of timings share.
"""
