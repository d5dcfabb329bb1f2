"""The checks: each takes what a report states and yields what it finds; their names never change."""
