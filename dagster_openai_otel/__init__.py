"""Know what every OpenAI call in a Dagster pipeline used, cost and did, without writing a line for it."""

from dagster_openai_otel.instrument import instrument
from dagster_openai_otel.usage import Usage

__all__ = ["Usage", "instrument"]
