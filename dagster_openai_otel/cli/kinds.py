"""What can be added up by."""

KINDS = ("asset", "partition", "model", "job", "run", "day")
"""Beside tags of runs."""
TAG = "tag:"
"""Before the name of a tag."""
