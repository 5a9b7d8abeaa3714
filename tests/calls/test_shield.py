"""The spans that Traceloop is given: careful ones, round those of whichever provider."""

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, StatusCode, Tracer, TracerProvider

from dagster_openai_otel.calls.shield import ShieldedProvider, ending_spans
from tests.calls.instrumenting import provider_into


class OtherSpan(Span):
    """Of a provider that is not the SDK's."""

    def __init__(self) -> None:
        self.said: dict[str, object] = {}
        self.ends = 0

    def set_attribute(self, key, value):
        self.said[key] = value

    def set_attributes(self, attributes):
        self.said.update(attributes)

    def set_status(self, status, description=None):
        self.said["status"] = (status.status_code, status.description)

    def record_exception(self, exception, *_):
        self.said["exception"] = str(exception)

    def end(self, end_time=None):
        self.ends += 1

    def is_recording(self):
        return not self.ends

    def get_span_context(self):
        return SpanContext(trace_id=1, span_id=2, is_remote=False)

    def add_event(self, name, attributes=None, timestamp=None):
        raise AssertionError

    def update_name(self, name):
        raise AssertionError


class OtherProvider(TracerProvider, Tracer):
    def __init__(self) -> None:
        self.span = OtherSpan()

    def get_tracer(self, *_, **__):
        return self

    def start_span(self, *_, **__):
        return self.span

    def start_as_current_span(self, *_, **__):
        raise AssertionError


@pytest.fixture(params=["plain", "current"])
def start(request):
    """How a span is started."""

    def of(provider):
        tracer = ShieldedProvider(provider).get_tracer("test")
        if request.param == "plain":
            return trace.use_span(tracer.start_span("a"), end_on_exit=True)
        return tracer.start_as_current_span("a")

    return of


def test_a_span_of_another_provider_is_shielded_and_ends_once(start):
    provider = OtherProvider()
    attributes: Any = {"gen_ai.headers": "secret", "gen_ai.request.model": "m", "odd": object()}

    def fail() -> None:
        with ending_spans(), start(provider) as span:
            assert trace.get_current_span() is span
            span.set_attributes(attributes)
            span.set_status(StatusCode.ERROR, "secret")
            message = "secret"
            raise LookupError(message)

    with pytest.raises(LookupError, match="secret"):
        fail()
    assert provider.span.said == {
        "gen_ai.request.model": "m",
        "status": (StatusCode.ERROR, None),
        "error.type": "LookupError",
    }
    assert provider.span.ends == 1


def test_a_span_is_of_its_own_class_to_whoever_asks(start, exported):
    with start(provider_into(exported)) as span:
        plain = trace.get_tracer("test", tracer_provider=provider_into(exported)).start_span("b")
        assert isinstance(span, type(plain))
        assert isinstance(span, Span)
    plain.end()


def test_a_span_that_does_not_record_stays_the_parent_of_what_follows(start):
    context = SpanContext(trace_id=1, span_id=2, is_remote=False)

    class Dropping(OtherProvider):
        def start_span(self, *_, **__):
            return NonRecordingSpan(context)

    with ending_spans(), start(Dropping()) as span:
        span.set_attribute("a", "b")
        assert trace.get_current_span().get_span_context() == context
