"""Running a library inside an asset, and comparing the event log with the bill."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import dagster as dg

from dagster_openai_otel.testing import FakeOpenAI
from tests.events import billed, shown_usage, summed

# Read here, as each test starts in an environment without variables of Dagster's and ours.
ASKS_ALWAYS = os.environ.get("DAGSTER_OPENAI_OTEL_STREAM_USAGE") == "always"
MODEL = "gpt-5-mini"


def shown(instance: dg.DagsterInstance, work: Callable[[], Any]) -> dict[str, Any]:
    """What the event log says after an asset has done some work; a coroutine is run to its end."""

    @dg.asset
    def answer() -> None:
        result = work()
        if isinstance(result, Coroutine):
            asyncio.run(result)

    result = dg.materialize([answer], instance=instance)
    return summed(shown_usage(instance, result.run_id))


def assert_counted(shown: dict[str, Any], api: FakeOpenAI, *, calls: int) -> None:
    """The event log says what was billed, and all of it is known."""
    assert shown == billed(api.bill)
    assert (shown["calls"], shown["calls_without_usage"]) == (calls, 0)


def assert_counted_where_asked(shown: dict[str, Any], api: FakeOpenAI, *, calls: int) -> None:
    """The same of streams whose usage nobody asks for: unknown, unless `stream_usage` is `always`."""
    assert shown == billed(api.bill)
    assert (shown["calls"], shown["calls_without_usage"]) == (calls, 0 if ASKS_ALWAYS else calls)
