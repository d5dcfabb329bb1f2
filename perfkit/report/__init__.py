"""Records in, text out: what was measured and found, as Markdown, as a terminal page, as a chart.

A renderer is pure: it never measures, reads a run, or changes a record, and rendering twice gives the same
bytes. `view` says everything once, as ready strings; `markdown` and `terminal` lay it out; `charts` draws.
"""
