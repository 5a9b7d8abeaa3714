"""What is run beside another library, and what Dagster says of it then."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import dagster as dg
import openai
from opentelemetry import trace

from tests.events import shown_usage, summed

_MODEL = "gpt-5-mini"
_MESSAGES: Any = [{"role": "user", "content": "A poem."}]


def ask() -> None:
    """Four requests: plain, streamed, a Response, and one of an event loop."""
    with openai.OpenAI() as client:
        client.chat.completions.create(model=_MODEL, messages=_MESSAGES)
        for _ in client.chat.completions.create(
            model=_MODEL, messages=_MESSAGES, stream=True, stream_options={"include_usage": True}
        ):
            pass
        client.responses.create(model=_MODEL, input="A poem.")
    asyncio.run(_ask())


async def _ask() -> None:
    async with openai.AsyncOpenAI() as client:
        await client.chat.completions.create(model=_MODEL, messages=_MESSAGES)


def run(around: Callable[[Any], Any] = lambda function: function) -> None:
    """Materialize two assets, and print what there is to say.

    Args:
        around: A decorator of another library for the functions of assets.
    """

    @dg.asset
    @around
    def first(context: dg.AssetExecutionContext) -> None:
        ask()

    @dg.asset(deps=[first])
    @around
    def second(context: dg.AssetExecutionContext) -> None:
        ask()

    before = trace.get_tracer_provider()
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([first, second], instance=instance)
        shown = summed(shown_usage(instance, result.run_id))
    provider: Any = trace.get_tracer_provider()
    told = {
        "success": result.success,
        "tokens": shown["total_tokens"],
        "calls": shown["calls"],
        "provider": f"{type(provider).__module__}.{type(provider).__qualname__}",
        "stays": type(before).__name__ == "ProxyTracerProvider" or before is provider,
    }
    sys.stdout.write(f"\nTOLD {json.dumps(told)}\n")
    provider.force_flush()
