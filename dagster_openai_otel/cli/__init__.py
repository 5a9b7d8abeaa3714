"""The command `dagster-openai-otel`: what was spent, is all well, where is the trace, show me.

What a command needs is loaded when it runs: its help loads neither Dagster nor openai.
"""
