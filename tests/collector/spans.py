"""Spans of other code, sent to a collector as any instrumentation sends them."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Span, Tracer


@contextmanager
def sending(endpoint: str, scope: str = "other", **resource: str) -> Iterator[Tracer]:
    """A tracer whose spans go to a collector as soon as they end.

    Args:
        endpoint: Of OTLP over HTTP.
        scope: Name of the instrumentation scope.
        **resource: Attributes of the resource, beside the name of the service.
    """
    provider = TracerProvider(resource=Resource({"service.name": "other", **resource}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=10)))
    try:
        yield provider.get_tracer(scope)
    finally:
        provider.shutdown()


def trace_of(span: Span) -> str:
    """The id of a span's trace, as Jaeger writes it."""
    return f"{span.get_span_context().trace_id:032x}"
