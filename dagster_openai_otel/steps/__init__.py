"""The wing that knows Dagster, and never the OpenAI SDK: which step runs, and where its usage goes."""
