"""One span for each request that the OpenAI SDK sends."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType, TracebackType
from typing import Any

import wrapt
from opentelemetry import context as otel_context, trace
from opentelemetry.instrumentation.utils import unwrap
from opentelemetry.trace import SpanKind, Tracer

from dagster_openai_otel import conventions, pricing
from dagster_openai_otel.calls.answers import Answer
from dagster_openai_otel.calls.asked import Asked, asked_of, attributes_of, name_of
from dagster_openai_otel.calls.endpoints import Endpoint
from dagster_openai_otel.calls.jobs import Jobs
from dagster_openai_otel.calls.lending import context_of
from dagster_openai_otel.calls.record import RequestRecord
from dagster_openai_otel.calls.stream_usage import UsageAsker
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.tracers import calls_tracer

_current: ContextVar[RequestRecord | None] = ContextVar("dagster_openai_otel_request", default=None)


class RequestSpans:
    """The wrappers round the SDK's methods, and the tracer that they share.

    Args:
        provider: Makes the tracer, at the first request; `None` for the global one.
        prices: What requests are priced by.
        asker: Asks for the usage of streams.
        content: Whether prompts and completions go on spans that stand alone.
    """

    def __init__(
        self,
        provider: trace.TracerProvider | None,
        prices: pricing.Prices,
        asker: UsageAsker,
        *,
        content: bool = False,
    ) -> None:
        self._provider = provider
        self._content = content
        self._prices = prices
        self._asker = asker
        self._jobs = Jobs()

    def wrap(self, openai: ModuleType) -> None:
        """Wrap the clients of the SDK."""
        for client, request in ((openai.OpenAI, self.request), (openai.AsyncOpenAI, self.async_request)):
            wrapt.wrap_function_wrapper(client, "request", request)
            # Private in openai, for the response before it is parsed; tests/test_upstream.py says why.
            if hasattr(client, "_process_response"):
                wrapt.wrap_function_wrapper(client, "_process_response", process_response)

    @cached_property
    def _tracer(self) -> Tracer:
        return calls_tracer(self._provider or trace.get_tracer_provider())

    def request(
        self, wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Stands in for `OpenAI.request`."""
        begun = self._begin(client, args, kwargs)
        if begun is None:
            return wrapped(*args, **kwargs)
        with _Entered(begun.record):
            try:
                result = wrapped(**begun.arguments)
            except Exception as error:
                if not self._refused(begun, client, error):
                    raise
                result = wrapped(*args, **kwargs)
        with guarded("the usage of a call"):
            begun.record.returned(result)
        return result

    async def async_request(
        self,
        wrapped: Callable[..., Awaitable[Any]],
        client: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Stands in for `AsyncOpenAI.request`."""
        begun = self._begin(client, args, kwargs)
        if begun is None:
            return await wrapped(*args, **kwargs)
        with _Entered(begun.record):
            try:
                result = await wrapped(**begun.arguments)
            except Exception as error:
                if not self._refused(begun, client, error):
                    raise
                result = await wrapped(*args, **kwargs)
        with guarded("the usage of a call"):
            begun.record.returned(result)
        return result

    def book(self, answer: Answer, *, name: str, model: str | None) -> None:
        """Make a span of usage that no request of the SDK answered, and book it where the code runs.

        Args:
            answer: What is known.
            name: Name of the span, without its model.
            model: The model, where the answer does not name it.
        """
        with guarded("usage that came without a request"):
            endpoint = Endpoint(template=name)
            asked = Asked(endpoint=endpoint, method="POST", model=model, provider="openai", alone=True)
            used = answer.model or model
            span = self._tracer.start_span(
                f"{name} {used}" if used else name, attributes={conventions.GEN_AI_PROVIDER_NAME: "openai"}
            )
            RequestRecord(span, asked, self._prices, self._jobs).told(answer)

    def _begin(self, client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> "_Begun | None":
        """Start the span of a request; `None` where that fails, which is then said in the log."""
        with guarded("the usage of a call"):
            arguments = _arguments(*args, **kwargs)
            options = arguments["options"]
            context = context_of(client)
            asked = asked_of(client, arguments, context, content=self._content)
            asking = self._asker.asking(client, asked.endpoint, options)
            if asked.endpoint.bills:
                pricing.preload()
            span = self._tracer.start_span(
                name_of(asked), context, SpanKind.CLIENT, attributes_of(asked, client, options)
            )
            record = RequestRecord(span, asked, self._prices, self._jobs)
            if asking is not None:
                record.hides = True
                arguments["options"] = asking
            return _Begun(record=record, arguments=arguments)
        return None

    def _refused(self, begun: "_Begun", client: Any, error: Exception) -> bool:
        """Whether the request is to be sent again as the user made it."""
        with guarded("whether a server refuses to say the usage of a stream"):
            if begun.record.hides and self._asker.refused(client, error):
                begun.record.hides = False
                return True
        return False


def unwrap_from(openai: ModuleType) -> None:
    """Take the wrappers off the clients of the SDK."""
    for client in (openai.OpenAI, openai.AsyncOpenAI):
        unwrap(client, "request")
        unwrap(client, "_process_response")


def process_response(
    wrapped: Callable[..., Any],
    client: Any,  # noqa: ARG001  # wrapt's signature
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Any:
    """Stands in for `_process_response` of both clients: shows the record its response."""
    record = _current.get()
    if record is not None:
        with guarded("the usage of a call"):
            record.received(kwargs["response"], kwargs.get("retries_taken", 0))
    return wrapped(*args, **kwargs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A request whose span has started, and what is sent: the user's own arguments, or those that ask."""

    record: RequestRecord
    arguments: dict[str, Any]


def _arguments(cast_to: Any, options: Any, **others: Any) -> dict[str, Any]:
    """The arguments of `request`, by name."""
    return {"cast_to": cast_to, "options": options, **others}


class _Entered:
    """Makes a request the current one while the SDK works on it, and sees what it raises."""

    __slots__ = ("_context_token", "_record", "_token")

    def __init__(self, record: RequestRecord) -> None:
        self._record = record

    def __enter__(self) -> None:
        self._token: Token[RequestRecord | None] = _current.set(self._record)
        self._context_token = otel_context.attach(trace.set_span_in_context(self._record.span))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            _current.reset(self._token)
        except ValueError:
            # closed by the garbage collector in another context, where there is nothing to take back
            pass
        else:
            otel_context.detach(self._context_token)
        if error is not None:
            with guarded("the usage of a call that failed"):
                self._record.raised(error)
