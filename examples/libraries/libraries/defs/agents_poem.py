import dagster as dg
from agents import Agent, Runner, function_tool, set_tracing_disabled

# its own tracing sends prompts to OpenAI
set_tracing_disabled(disabled=True)


@function_tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}."


@dg.asset
async def agents_poem() -> str:
    """Asked through openai-agents, with a tool: each request of the loop is counted."""
    agent = Agent(name="poet", model="gpt-5-mini", tools=[weather])
    return str((await Runner.run(agent, "A poem about the weather in Bergen.")).final_output)
