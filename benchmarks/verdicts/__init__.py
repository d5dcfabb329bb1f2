"""What ``benchmarks/calibration.py`` is made of: workload, load, tools, rules, tally and page."""
