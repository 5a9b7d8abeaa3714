"""One span for each request that the OpenAI SDK sends."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType, TracebackType
from typing import Any

from opentelemetry import context as otel_context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, SpanKind, Tracer
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions, pricing
from dagster_openai_otel.calls.answers import Answer
from dagster_openai_otel.calls.asked import Asked, Called, asked_of, attributes_of, called_with, name_of
from dagster_openai_otel.calls.endpoints import Endpoint
from dagster_openai_otel.calls.jobs import Jobs
from dagster_openai_otel.calls.lending import context_of
from dagster_openai_otel.calls.record import RequestRecord
from dagster_openai_otel.calls.stream_usage import Asking, UsageAsker
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.tracers import calls_tracer
from dagster_openai_otel.tracing import VERSION
from dagster_openai_otel.unexported import UnexportedTracer
from dagster_openai_otel.wrapping import Wrapping

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

    def wrap(self, openai: ModuleType, wrapping: Wrapping) -> None:
        """Wrap the clients of the SDK."""
        for client, request in ((openai.OpenAI, self.request), (openai.AsyncOpenAI, self.async_request)):
            wrapping.wrap(client, "request", request)
            # Private in openai, for the response before it is parsed; tests/test_upstream.py says why.
            if hasattr(client, "_process_response"):
                wrapping.wrap(client, "_process_response", process_response)

    @cached_property
    def _tracer(self) -> Tracer:
        return calls_tracer(self._provider or trace.get_tracer_provider())

    @cached_property
    def _spare_tracer(self) -> Tracer:
        """For where the provider's own raises: what is counted is counted, and goes nowhere else."""
        return UnexportedTracer(InstrumentationScope(conventions.CALLS_SCOPE, VERSION))

    def request(
        self, wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Stands in for `OpenAI.request`."""
        begun = self._begin(client, args, kwargs)
        if begun is None:
            return wrapped(*args, **kwargs)
        with _Entered(begun.record):
            refused = False
            try:
                result = wrapped(*begun.args, **begun.kwargs)
            except Exception as error:
                if not self._refused(begun, error):
                    raise
                refused = True
            # not in the handler, where what this raises would say that the refusal came before it
            if refused:
                result = wrapped(*args, **kwargs)
            self._answered(begun, refused=refused)
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
            refused = False
            try:
                result = await wrapped(*begun.args, **begun.kwargs)
            except Exception as error:
                if not self._refused(begun, error):
                    raise
                refused = True
            # not in the handler, where what this raises would say that the refusal came before it
            if refused:
                result = await wrapped(*args, **kwargs)
            self._answered(begun, refused=refused)
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
            called, context = called_with(args, kwargs), context_of(client)
            asked = asked_of(client, called, context, content=self._content)
            if asked.endpoint.bills:
                pricing.preload()
            attributes: Mapping[str, AttributeValue] = {}
            with guarded("the attributes of a request span"):
                attributes = attributes_of(asked, client, called.body)
            span = self._start_span(name_of(asked), context, attributes)
            record = RequestRecord(span, asked, self._prices, self._jobs)
            begun = _Begun(record=record, args=args, kwargs=kwargs)
            if called.stream:
                with guarded("the usage of a stream"):
                    return self._asking(begun, asked, client, called)
            return begun
        return None

    def _start_span(self, name: str, context: Context, attributes: Mapping[str, AttributeValue]) -> Span:
        with guarded("the export of a request span", "the tracer provider"):
            return self._tracer.start_span(name, context, SpanKind.CLIENT, attributes)
        return self._spare_tracer.start_span(name, context, SpanKind.CLIENT, attributes)

    def _asking(self, begun: "_Begun", asked: Asked, client: Any, called: Called) -> "_Begun":
        """The same, with the options that ask for the usage of a stream, where that is to be."""
        asking = self._asker.asking(client, asked.endpoint, called.options, called.body)
        if asking is None:
            return begun
        begun.record.hides = True
        args, kwargs = begun.args, begun.kwargs
        if len(args) > 1:
            args = (args[0], asking.options, *args[2:])
        else:
            kwargs = {**kwargs, "options": asking.options}
        return _Begun(record=begun.record, args=args, kwargs=kwargs, asking=asking)

    def _refused(self, begun: "_Begun", error: Exception) -> bool:
        """Whether the request is to be sent again as the user made it."""
        with guarded("whether a server refuses to say the usage of a stream"):
            if begun.asking is not None and self._asker.may_refuse(begun.asking, error):
                begun.record.hides = False
                return True
        return False

    def _answered(self, begun: "_Begun", *, refused: bool) -> None:
        """Remember of a server whether it can be asked: what was sent in the end was answered."""
        if begun.asking is not None:
            self._asker.answered(begun.asking, refused=refused)


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
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    asking: Asking | None = None
    """How usage is asked for that the user did not ask for."""


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
