"""Traceloop's instrumentor of the OpenAI SDK, driven safely: spans around plain requests.

What it does well is left to it: `openai.chat`, `openai.completion` and `openai.embeddings` round requests
that answer at once. From streams, parsed answers, Responses, images, assistants and realtime it is kept
away, where it loses usage, holds on to every call, or changes what the user gets; there the request's own
span says everything. tests/calls/test_traceloop_upstream.py shows each of its faults that is mended here.
"""

import os
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from importlib import import_module
from inspect import iscoroutine
from types import ModuleType
from typing import Any

import wrapt
from opentelemetry.trace import TracerProvider

from dagster_openai_otel.calls.shield import ShieldedProvider, ending_spans
from dagster_openai_otel.faults import guarded, say_once

_CONTENT = "TRACELOOP_TRACE_CONTENT"
_KNOWN = "0.62."
# Private in openai, how `with_streaming_response` tells a call; tests/test_upstream.py says why.
_RAW = "X-Stainless-Raw-Response"
_KEPT = {
    "chat.completions": ("Completions", "create"),
    "completions": ("Completions", "create"),
    "embeddings": ("Embeddings", "create"),
}
_TAKEN_OFF = {
    "chat.completions": ("Completions", "parse"),
    "images": ("Images", "generate"),
    "responses": ("Responses", "create", "retrieve", "parse", "cancel"),
    "beta.assistants": ("Assistants", "create"),
    "beta.threads.runs": ("Runs", "create", "retrieve", "create_and_stream"),
    "beta.threads.messages": ("Messages", "list"),
    "beta.realtime.realtime": ("Realtime", "connect"),
}


def when_imported(wanted: Callable[[], bool], provider: TracerProvider, *, capture_content: bool) -> None:
    """Instrument the SDK with Traceloop's when `openai` is imported, and not before.

    Args:
        wanted: Asked then whether spans around the requests are wanted.
        provider: Makes the spans.
        capture_content: Whether prompts and completions go on them.
    """

    def instrument(openai: ModuleType) -> None:
        with guarded("the spans that Traceloop makes around requests"):
            if wanted() and not is_wrapped(openai.resources.chat.completions.Completions, "create"):
                _instrument(provider, capture_content=capture_content)

    wrapt.register_post_import_hook(instrument, "openai")


def is_wrapped(owner: type, method: str) -> bool:
    """Whether some instrumentor has wrapped a method of the SDK."""
    return isinstance(owner.__dict__.get(method), wrapt.FunctionWrapper)


def _instrument(provider: TracerProvider, *, capture_content: bool) -> None:
    # It captures content unless this says otherwise, and reads it at every call.
    os.environ.setdefault(_CONTENT, "true" if capture_content else "false")
    with warnings.catch_warnings():
        # its own modules warn when they are loaded, of what no user of ours can change
        warnings.simplefilter("ignore")
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
        from opentelemetry.instrumentation.openai.version import __version__

        instrumentor = OpenAIInstrumentor(enable_trace_context_propagation=False)
        instrumentor.instrument(tracer_provider=ShieldedProvider(provider))
    if not __version__.startswith(_KNOWN):
        say_once(
            f"opentelemetry-instrumentation-openai {__version__} is not known: its spans are left as they"
            f" are. Install {_KNOWN}*, or set call_spans to off"
        )
        return
    _mend()


def _mend() -> None:
    from opentelemetry.instrumentation.openai.shared import chat_wrappers

    # It starts and closes an event loop for each synchronous call, which breaks the user's own.
    chat_wrappers.run_async = _drive
    for owner, method in _methods(_TAKEN_OFF):
        # some classes stand under two names, and are wrapped twice
        while is_wrapped(owner, method):
            setattr(owner, method, owner.__dict__[method].__wrapped__)
    wrapper: Any = _round_it
    for owner, method in _methods(_KEPT):
        if is_wrapped(owner, method):
            wrapt.wrap_function_wrapper(owner, method, wrapper)


def _methods(table: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[type, str]]:
    """The methods of a table, of the synchronous and of the asynchronous class, that this SDK has."""
    for module, (name, *methods) in table.items():
        try:
            resources = import_module(f"openai.resources.{module}")
        except ImportError:
            continue
        for owner in (getattr(resources, name, None), getattr(resources, f"Async{name}", None)):
            yield from ((owner, method) for method in methods if owner is not None)


def _drive(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that awaits nothing, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()


def _round_it(
    wrapped: Any,
    client: object,  # noqa: ARG001  # wrapt's signature
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Any:
    """Lead what Traceloop's wrapper would use up past it; end its span on an interrupt."""
    if _is_used_up(kwargs):
        return wrapped.__wrapped__(*args, **kwargs)
    with ending_spans():
        result = wrapped(*args, **kwargs)
    return _awaited(result) if iscoroutine(result) else result


async def _awaited(result: Awaitable[Any]) -> Any:
    with ending_spans():
        return await result


def _is_used_up(kwargs: Mapping[str, Any]) -> bool:
    """Whether Traceloop's wrapper reads what can be read once: a stream, a prompt that is made lazily."""
    headers = kwargs.get("extra_headers")
    streamed = isinstance(headers, Mapping) and headers.get(_RAW) == "stream"
    lazy = [kwargs.get(name) for name in ("messages", "tools", "functions", "input", "prompt")]
    return bool(kwargs.get("stream")) or streamed or any(isinstance(value, Iterator) for value in lazy)
