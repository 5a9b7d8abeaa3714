"""Traceloop's instrumentor on the SDK for a while: as it comes, and as the library drives it."""

import gc
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import wrapt
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import TracerProvider

from dagster_openai_otel.calls import traceloop
from dagster_openai_otel.testing import Answer, FakeOpenAI, Request
from tests.calls.clients import Steps
from tests.calls.either import got
from tests.calls.instrumenting import provider_into
from tests.calls.ways import outcome

with warnings.catch_warnings():
    # as the library does it: its modules warn when they are loaded
    warnings.simplefilter("ignore")
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry.instrumentation.openai.shared import (
        chat_wrappers,
        completion_wrappers,
        embeddings_wrappers,
    )
    from opentelemetry.instrumentation.openai.shared.config import Config
    from opentelemetry.instrumentation.openai.v1 import (
        OpenAIV1Instrumentor,
        assistant_wrappers,
        responses_wrappers,
    )

Driving = Callable[[TracerProvider], AbstractContextManager[None]]

_PACKAGE = "openai.resources."
_MODULES = ("chat.completions", "completions", "embeddings", "images", *traceloop._TAKEN_OFF)
_MENDED = (chat_wrappers, completion_wrappers, embeddings_wrappers)
_MEMORIES: tuple[dict[str, Any], ...] = (
    assistant_wrappers.assistants,
    assistant_wrappers.runs,
    responses_wrappers.responses,
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What came of some steps."""

    result: Any
    """What they return, or the exception's type and message."""
    requests: list[Request]
    """What the server was sent."""
    spans: tuple[Any, ...]
    """Those that have ended."""
    left_open: int
    """How many have not."""
    remembered: int
    """Calls that the instrumentor keeps in its memory."""
    warnings: list[str]


@contextmanager
def bare(_provider: TracerProvider) -> Iterator[None]:
    """Not there."""
    yield


@contextmanager
def upstream(provider: TracerProvider) -> Iterator[None]:
    """As it comes."""
    with _restored():
        OpenAIInstrumentor().instrument(tracer_provider=provider)
        yield


@contextmanager
def ours(provider: TracerProvider, *, capture_content: bool = False) -> Iterator[None]:
    """As the library drives it."""
    with _restored():
        traceloop._instrument(provider, capture_content=capture_content)
        yield


@contextmanager
def ours_with_content(provider: TracerProvider) -> Iterator[None]:
    """As the library drives it for users who want prompts and completions on their spans."""
    with ours(provider, capture_content=True):
        yield


def seen(
    driving: Driving,
    steps: Steps[Any],
    *answers: Answer,
    kind: str = "sync",
    processors: Sequence[SpanProcessor] = (),
    **options: Any,
) -> Seen:
    """Run steps with a client of their own, and tell what came of them."""
    exporter, started = InMemorySpanExporter(), Started()
    provider = provider_into(exporter)
    for processor in (started, *processors):
        provider.add_span_processor(processor)
    with FakeOpenAI() as api, driving(provider), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        came = outcome(steps, kind, api, *answers, **options)
        gc.collect()
        remembered = sum(len(memory) for memory in _MEMORIES)
    return Seen(
        result=came.result,
        requests=list(api.requests),
        spans=exporter.get_finished_spans(),
        left_open=started.count - len(exporter.get_finished_spans()),
        remembered=remembered,
        warnings=[str(warning.message) for warning in warned],
    )


class Started(SpanProcessor):
    """Counts the spans that are started."""

    count = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # the SDK's
        self.count += 1


def asking(path: str, **arguments: Any) -> Steps[Any]:
    """Steps that make one call."""

    async def steps(client: Any) -> Any:
        owner, method = path.rsplit(".", 1)
        for name in owner.split("."):
            client = getattr(client, name)
        return await got(getattr(client, method)(**arguments))

    return steps


def assert_mended(
    mend: str,
    fault: Callable[[Seen], Any],
    steps: Steps[Any],
    *answers: Answer,
    driving: Driving = ours,
    kind: str = "sync",
    **options: Any,
) -> None:
    """A fault is there as it comes, and gone as the library drives it."""
    assert fault(seen(upstream, steps, *answers, kind=kind, **options)), cured(mend)
    assert not fault(seen(driving, steps, *answers, kind=kind, **options))


def wrapped() -> set[tuple[str, str]]:
    """Classes and methods of the SDK's resources that an instrumentor has wrapped."""
    return {
        (f"{owner.__module__.removeprefix(_PACKAGE)}.{owner.__name__}", name)
        for owner, name, _ in _wrappers()
        if owner.__module__.startswith(_PACKAGE) and not owner.__name__.endswith("Connection")
    }


def cured(mend: str) -> str:
    """What to say when a fault is gone."""
    return f"Traceloop's instrumentor has no such fault any more; drop the mend: {mend}"


@contextmanager
def _restored() -> Iterator[None]:
    for module in _MODULES:
        import_module(_PACKAGE + module)
    before = {(owner, name): method for owner, name, method in _wrappers()}
    names = [(module, name) for module in _MENDED for name in ("run_async", "model_as_dict")]
    functions = [(module, name, getattr(module, name)) for module, name in names if hasattr(module, name)]
    config, content = dict(vars(Config)), os.environ.get(traceloop._CONTENT)
    try:
        yield
    finally:
        for instrumentor in (OpenAIInstrumentor(), OpenAIV1Instrumentor()):
            instrumentor._is_instrumented_by_opentelemetry = False
        for owner, name, method in _wrappers():
            setattr(owner, name, before.get((owner, name)) or _innermost(method))
        for module, name, function in functions:
            setattr(module, name, function)
        for name, value in config.items():
            if not name.startswith("__"):
                setattr(Config, name, value)
        os.environ.pop(traceloop._CONTENT, None)
        if content is not None:
            os.environ[traceloop._CONTENT] = content
        for memory in _MEMORIES:
            memory.clear()


def _wrappers() -> list[tuple[type, str, Any]]:
    modules = [module for name, module in sys.modules.items() if name.startswith(_PACKAGE)]
    classes = {owner for module in modules for owner in vars(module).values() if isinstance(owner, type)}
    # those of connections are the library's own
    owners = {owner for owner in classes if not owner.__name__.endswith("Connection")}
    return [
        (owner, name, method)
        for owner in owners
        for name, method in vars(owner).items()
        if isinstance(method, wrapt.FunctionWrapper)
    ]


def _innermost(method: Any) -> Any:
    while isinstance(method, wrapt.FunctionWrapper):
        method = method.__wrapped__
    return method
