"""The jobs of the pipeline, as the functions that Dagster calls in each step's process to find them again."""

import dagster as dg

from dagster_openai_otel.demo.definitions import defs


def week() -> dg.JobDefinition:
    """Everything that is made once."""
    return defs.get_repository_def().get_job("week")


def day() -> dg.JobDefinition:
    """Everything that is made for each day."""
    return defs.get_repository_def().get_job("day")
