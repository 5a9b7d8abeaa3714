"""Short ways to ask the API, and to run assets and read back what Dagster shows of them."""

from dataclasses import dataclass
from typing import Any

import dagster as dg
import openai

from tests.events import Shown, shown_usage

MODEL = "gpt-5-mini"


def messages(text: str = "A poem.") -> list[Any]:
    return [{"role": "user", "content": text}]


def ask(text: str = "A poem.", *, client: openai.OpenAI | None = None, **options: Any) -> str:
    """One chat completion; with a client of its own where none is given."""
    if client is None:
        # without TLS, as to read the machine's certificates takes longer than most tests
        with openai.OpenAI(http_client=openai.DefaultHttpxClient(verify=False)) as own:
            return ask(text, client=own, **options)
    answer = client.chat.completions.create(messages=messages(text), **{"model": MODEL, **options})
    return answer.choices[0].message.content or ""


async def ask_async(text: str = "A poem.", *, client: openai.AsyncOpenAI | None = None) -> str:
    """One chat completion, asynchronously."""
    if client is None:
        async with openai.AsyncOpenAI(http_client=openai.DefaultAsyncHttpxClient(verify=False)) as own:
            return await ask_async(text, client=own)
    answer = await client.chat.completions.create(messages=messages(text), model=MODEL)
    return answer.choices[0].message.content or ""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A run that is over."""

    result: dg.ExecuteInProcessResult
    shown: list[Shown]

    @property
    def places(self) -> list[tuple[str, str, int]]:
        """Kind, target and calls of each event that shows usage, in order."""
        return [(event.kind, event.target, event.calls) for event in self.shown]

    @property
    def partitions(self) -> list[tuple[str, str, str | None, int]]:
        """The same, each with its partition, sorted: Dagster has no order of partitions."""
        shown = [(event.kind, event.target, event.partition, event.calls) for event in self.shown]
        return sorted(shown, key=str)

    @property
    def outcomes(self) -> list[tuple[str, str, int, str | None]]:
        """The same, each with its outcome."""
        return [(event.kind, event.target, event.calls, event.outcome) for event in self.shown]


def materialize(instance: dg.DagsterInstance, *assets: Any, **options: Any) -> Ran:
    """Materialize assets in this process, without raising what they raise."""
    result = dg.materialize(list(assets), instance=instance, raise_on_error=False, **options)
    return Ran(result=result, shown=shown_usage(instance, result.run_id))


def execute(instance: dg.DagsterInstance, job: Any, **options: Any) -> Ran:
    """Execute a job in this process, without raising what it raises."""
    result = job.execute_in_process(instance=instance, raise_on_error=False, **options)
    return Ran(result=result, shown=shown_usage(instance, result.run_id))
