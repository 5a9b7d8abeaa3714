"""The wing that knows the OpenAI SDK, and never Dagster: one span per request, with what it used."""
