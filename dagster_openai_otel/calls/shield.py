"""A tracer provider for an instrumentor that puts on its spans what must not be there."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from opentelemetry.trace import Span, Status, Tracer, TracerProvider
from opentelemetry.util.types import Attributes

from dagster_openai_otel.conventions import ERROR_TYPE

# values of headers, and the schema and user that a request names
_SECRET = {"gen_ai.headers", "gen_ai.user", "gen_ai.request.structured_output_schema"}

started: ContextVar[Span | None] = ContextVar("dagster_openai_otel_shielded", default=None)
"""The span that was started last in this task."""


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
        span = _shielded(self._tracer.start_span(*args, **kwargs))
        started.set(span)
        return span

    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        return self._tracer.start_as_current_span(*args, **kwargs)


def _shielded(span: Span) -> Span:
    """The same span, with three of its methods replaced: the SDK's processors must see its own class."""
    set_attribute: Callable[[str, Any], None] = span.set_attribute
    set_status: Callable[..., None] = span.set_status

    def set_public(key: str, value: Any) -> None:
        if key not in _SECRET:
            set_attribute(key, value)

    def set_silent(status: Any, *_: Any) -> None:
        code = status.status_code if isinstance(status, Status) else status
        set_status(Status(code))

    def record_class(exception: BaseException, *_: Any, **__: Any) -> None:
        set_attribute(ERROR_TYPE, type(exception).__name__)

    span.set_attribute = set_public  # type: ignore[method-assign]  # on this span only
    span.set_status = set_silent  # type: ignore[method-assign,assignment]  # on this span only
    span.record_exception = record_class  # type: ignore[method-assign]  # on this span only
    return span
