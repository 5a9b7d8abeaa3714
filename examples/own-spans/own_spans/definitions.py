import os
from pathlib import Path

from dagster import definitions, load_from_defs_folder

from dagster_openai_otel import instrument

if os.environ.get("LANGFUSE_PUBLIC_KEY"):
    from langfuse import Langfuse

    # makes the tracer provider; what is instrumented next uses it
    Langfuse()

instrument()


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
