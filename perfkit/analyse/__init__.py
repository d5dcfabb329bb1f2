"""Findings from records: pure functions that read no file and measure nothing."""
