import dagster as dg
from pydantic_ai import Agent


@dg.asset
async def pydantic_ai_poem() -> str:
    """Asked through pydantic-ai."""
    return (await Agent("openai:gpt-5-mini").run("A poem of two lines.")).output
