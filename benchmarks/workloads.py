"""What is measured: calls that pipelines make much of."""

from collections.abc import Callable
from dataclasses import dataclass

import openai

from benchmarks.stub import TEXTS

_MODEL = "gpt-5-mini"
_PROMPT = "Summarise the report of the night shift in four sentences, please."


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One kind of call."""

    name: str
    call: Callable[[openai.OpenAI], object]
    """Makes one call."""
    slice: int
    """Calls that are timed together: some 10 ms, as a busy machine changes its pace from moment to moment."""


def _chat(client: openai.OpenAI) -> object:
    return client.chat.completions.create(model=_MODEL, messages=[{"role": "user", "content": _PROMPT}])


def _stream(client: openai.OpenAI) -> object:
    stream = client.chat.completions.create(
        model=_MODEL,
        messages=[{"role": "user", "content": _PROMPT}],
        stream=True,
        stream_options={"include_usage": True},
    )
    return sum(1 for _ in stream)


def _response(client: openai.OpenAI) -> object:
    return client.responses.create(model=_MODEL, input=_PROMPT)


def _embeddings(client: openai.OpenAI) -> object:
    texts = [f"{_PROMPT} {number}" for number in range(TEXTS)]
    return client.embeddings.create(model="text-embedding-3-small", input=texts)


WORKLOADS = (
    Workload(name="chat", call=_chat, slice=5),
    Workload(name="stream of 100 chunks", call=_stream, slice=1),
    Workload(name="Responses", call=_response, slice=5),
    Workload(name="100 embeddings of 1,536 floats", call=_embeddings, slice=1),
)
