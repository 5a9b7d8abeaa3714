"""The demo: a real Dagster pipeline, what it used and cost, and its trace.

`python -m dagster_openai_otel.demo` runs it, `definitions` is the pipeline.
"""
