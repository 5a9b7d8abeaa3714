"""A tracer provider for an instrumentor that puts on its spans what must not be there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import wrapt
from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode, Tracer, TracerProvider
from opentelemetry.util.types import Attributes

from dagster_openai_otel.conventions import ERROR_TYPE
from dagster_openai_otel.faults import guarded

# values of headers, the URL, which can hold a password, and the schema and user that a request names
_SECRET = {
    "gen_ai.headers",
    "gen_ai.openai.api_base",
    "gen_ai.request.structured_output_schema",
    "gen_ai.user",
}
_VALUES = (str, bool, int, float, list, tuple)
_LOSS, _WHERE = "a span round a request", "a tracer provider, or in what was added to it"

_open: ContextVar[list[Span] | None] = ContextVar("dagster_openai_otel_shielded", default=None)


@contextmanager
def ending_spans() -> Iterator[None]:
    """End the spans that are started in the block when it is left, also by an interrupt."""
    # kept here too: the garbage collector can end the block in another context
    mine: list[Span] = []
    _open.set(mine)
    try:
        yield
    except BaseException as error:
        for span in mine:
            if span.is_recording():
                span.record_exception(error)
                span.set_status(StatusCode.ERROR)
        raise
    finally:
        for span in mine:
            span.end()
        mine.clear()


class ShieldedProvider(TracerProvider):
    """Makes tracers of another provider whose spans take no headers and no messages of exceptions.

    Args:
        provider: The other provider.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Tracer:
        """A shielded tracer."""
        tracer = self._provider.get_tracer(
            instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        )
        return _ShieldedTracer(tracer)


class _ShieldedTracer(Tracer):
    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(self, *args: Any, **kwargs: Any) -> Span:
        # what is round this one stays round the request where there is no span between
        span: Any = trace.NonRecordingSpan(trace.get_current_span().get_span_context())
        with guarded(_LOSS, _WHERE):
            span = _ShieldedSpan(self._tracer.start_span(*args, **kwargs))
            mine = _open.get()
            if mine is not None:
                mine.append(span)
        return span  # type: ignore[no-any-return]  # a proxy is of its span's class

    @contextmanager
    def _current(self, *args: Any, end_on_exit: bool = True, **kwargs: Any) -> Iterator[Span]:
        with trace.use_span(self.start_span(*args, **kwargs), end_on_exit=end_on_exit) as span:
            yield span

    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        return self._current(*args, **kwargs)


class _ShieldedSpan(wrapt.ObjectProxy):  # type: ignore[type-arg]  # takes none in wrapt 1
    """A span of any provider, of its own class to whoever asks, that is careful of what is put on it."""

    def set_attribute(self, key: str, value: Any) -> None:
        # what a call leaves out can be an object of the SDK's that says so
        if key not in _SECRET and isinstance(value, _VALUES):
            with guarded(_LOSS, _WHERE):
                self.__wrapped__.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_status(self, status: Any, *_: Any) -> None:
        code = status.status_code if isinstance(status, Status) else status
        with guarded(_LOSS, _WHERE):
            self.__wrapped__.set_status(Status(code))

    def record_exception(self, exception: BaseException, *_: Any, **__: Any) -> None:
        self.set_attribute(ERROR_TYPE, type(exception).__name__)

    def end(self, *args: Any, **kwargs: Any) -> None:
        if self.is_recording():
            with guarded(_LOSS, _WHERE):
                self.__wrapped__.end(*args, **kwargs)
