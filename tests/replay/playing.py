"""Asking for every recorded answer through every entry point, and what came of it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import openai
from opentelemetry.sdk.trace import TracerProvider

from dagster_openai_otel.processor import DagsterSpanProcessor
from dagster_openai_otel.testing import CapturedUsage, FakeOpenAI, capture_usage
from tests.calls.clients import async_azure_client, async_client, azure_client, sync_client
from tests.calls.either import run_sync
from tests.calls.instrumenting import instrumented_with
from tests.replay.answers import Recorded, served
from tests.replay.documented import Used, documented
from tests.replay.entry_points import ENTRY_POINTS, Asking, EntryPoint, fits


@dataclass(frozen=True, kw_only=True)
class Played:
    """One request for a recorded answer."""

    recorded: Recorded
    entry_point: str
    said: Used
    """What was recorded of it."""
    true: Used
    """What the answer says by the API's reference."""


def play(kind: str, answers: Sequence[Recorded]) -> list[Played]:
    """Ask for every answer through every entry point that fits it, with clients of a kind."""
    with served(answers) as api:
        return _play_sync(api, answers) if kind == "sync" else asyncio.run(_play_async(api, answers))


def _play_sync(api: FakeOpenAI, answers: Sequence[Recorded]) -> list[Played]:
    with sync_client(api, max_retries=0) as client, azure_client(api, max_retries=0) as azure:
        return [run_sync(played(*request)) for request in _requests(client, azure, answers)]


async def _play_async(api: FakeOpenAI, answers: Sequence[Recorded]) -> list[Played]:
    async with async_client(api, max_retries=0) as client, async_azure_client(api, max_retries=0) as azure:
        return [await played(*request) for request in _requests(client, azure, answers)]


def _requests(
    client: Any, azure: Any, answers: Sequence[Recorded]
) -> Iterator[tuple[EntryPoint, Asking, Used]]:
    """Every entry point with every answer that it fits, and what each request uses."""
    for entry_point in ENTRY_POINTS:
        # work is counted once by its id, so that each entry point needs a fresh memory
        seen: set[str] = set()
        with _fresh():
            for number, recorded in enumerate(answers):
                asking = Asking(client=azure if recorded.azure else client, number=number, recorded=recorded)
                if fits(entry_point, asking):
                    yield entry_point, asking, documented(recorded, seen)


@contextmanager
def _fresh() -> Iterator[None]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(DagsterSpanProcessor())
    with instrumented_with(provider):
        yield
    provider.shutdown()


async def played(entry_point: EntryPoint, asking: Asking, true: Used) -> Played:
    """Ask once, and tell what was recorded beside what is true."""
    with capture_usage() as captured:
        try:
            await entry_point(asking)
        except openai.APIStatusError:
            if asking.recorded.status < 400:
                raise
    return Played(
        recorded=asking.recorded,
        entry_point=entry_point.__name__,
        said=_said(captured),
        true=true,
    )


def _said(captured: CapturedUsage) -> Used:
    sums = captured.sums
    model = next(iter(captured.by_model), None) if sums.calls else None
    tokens = {name: getattr(sums.usage, name) for name in sums.usage.__dataclass_fields__}
    return Used(
        calls=sums.calls,
        failed_calls=sums.failed_calls,
        calls_without_usage=sums.calls_without_usage,
        tokens={name: count for name, count in tokens.items() if count is not None},
        model=model.name if model else None,
        tier=model.service_tier if model else None,
    )
