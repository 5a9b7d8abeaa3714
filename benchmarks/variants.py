"""The bare SDK, and the SDK with one instrumentor or another on it, to be switched between batches.

Instrumenting happens once for each, before anything is measured. What it changed on the SDK's classes is
kept and taken off again; a switch puts it back.
"""

import importlib.util
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import openai
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.instrumentation.openai.shared import chat_wrappers
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from dagster_openai_otel.calls import traceloop
from dagster_openai_otel.calls.requests import RequestSpans
from dagster_openai_otel.calls.stream_usage import UsageAsker
from dagster_openai_otel.pricing import Prices
from dagster_openai_otel.processor import DagsterSpanProcessor
from dagster_openai_otel.settings import Settings
from dagster_openai_otel.tracing import Telemetry
from dagster_openai_otel.wrapping import Wrapping

_GENAI = "opentelemetry.instrumentation.genai.openai"
_NEVER = 3_600_000
# what is inherited when the SDK is bare
_ABSENT = object()
_CLASSES = {
    "openai": "OpenAI",
    "openai.resources.chat.completions": "Completions",
    "openai.resources.completions": "Completions",
    "openai.resources.embeddings": "Embeddings",
    "openai.resources.responses": "Responses",
}

Provider = TypeVar("Provider", TracerProvider, Telemetry)

Place = tuple[Any, str]
"""A class or module, and the name of one of its attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One state of the SDK."""

    name: str
    patches: Mapping[Place, Any] = field(default_factory=dict)
    flush: Callable[[], object] = bool
    """Hands over what was not exported yet; its CPU is part of what is measured."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The SDK in this state while the block runs, bare before and after."""
        before = {place: _get(place) for place in self.patches}
        _put(self.patches)
        try:
            yield
        finally:
            _put(before)


def variants(endpoint: str) -> list[Variant]:
    """The bare SDK first, then all others that are installed.

    Args:
        endpoint: URL that spans are sent to.
    """
    # its default is to put prompts and completions on spans, which would not be the same work
    os.environ["TRACELOOP_TRACE_CONTENT"] = "false"
    made = [
        Variant(name="bare SDK"),
        _made("ours", lambda: _ours(Telemetry(Settings()))),
        _made("ours, exporting", lambda: _ours_with_call_spans(_provider(endpoint))),
        _made("Traceloop, exporting", lambda: _traceloop(_provider(endpoint))),
    ]
    if _is_installed(_GENAI):
        made.append(_made("OpenTelemetry GenAI, exporting", lambda: _genai(_provider(endpoint))))
    return made


def _made(name: str, instrument: Callable[[], TracerProvider | Telemetry]) -> Variant:
    """Instrument, keep what that changed, and take it off again."""
    before = _state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        provider = instrument()
    patches = {place: value for place, value in _state().items() if value is not before.get(place, _ABSENT)}
    _put({place: before.get(place, _ABSENT) for place in patches})
    return Variant(
        name=name,
        patches=patches,
        flush=provider.flush if isinstance(provider, Telemetry) else provider.force_flush,
    )


def _ours(provider: Provider) -> Provider:
    RequestSpans(provider, Prices(own={}), UsageAsker("auto")).wrap(openai, Wrapping())
    return provider


def _ours_with_call_spans(provider: TracerProvider) -> TracerProvider:
    traceloop._instrument(provider, capture_content=False)  # noqa: SLF001  # without the wait for an import
    return _ours(provider)


def _traceloop(provider: TracerProvider) -> TracerProvider:
    instrumentor = OpenAIInstrumentor()
    # takes nothing off, but forgets that it was there
    instrumentor.uninstrument()
    instrumentor.instrument(tracer_provider=provider)
    return provider


def _genai(provider: TracerProvider) -> TracerProvider:
    instrumentor = importlib.import_module(_GENAI).OpenAIInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    return provider


def _provider(endpoint: str) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(DagsterSpanProcessor())
    exporter = OTLPSpanExporter(endpoint=endpoint)
    # exported when it is flushed, not while another variant is timed
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_NEVER))
    return provider


def _state() -> dict[Place, Any]:
    """All that an instrumentor may change: the attributes of the SDK's classes, one helper of Traceloop's."""
    state: dict[Place, Any] = {
        (owner, name): value for owner in _owners() for name, value in vars(owner).items() if callable(value)
    }
    return state | {(chat_wrappers, "run_async"): chat_wrappers.run_async}


def _owners() -> Iterator[type]:
    for module, name in _CLASSES.items():
        loaded = importlib.import_module(module)
        yield from (getattr(loaded, name), getattr(loaded, f"Async{name}"))


def _get(place: Place) -> Any:
    owner, name = place
    return vars(owner).get(name, _ABSENT)


def _put(patches: Mapping[Place, Any]) -> None:
    for (owner, name), value in patches.items():
        if value is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, value)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
