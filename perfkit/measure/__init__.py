"""Measuring: the plan, the worker processes, and the machine they run on."""
