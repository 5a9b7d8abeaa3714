"""What is relied on in OpenTelemetry and in wrapt that their authors have not promised."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

from tests.processes import run_python


def provider_with(exporter: InMemorySpanExporter, **options: Any) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False, **options)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def test_a_tracer_asks_the_sampler_that_it_holds():
    """`Tracer.sampler` is replaced by one that records what the user's drops, so that it is counted."""
    exporter = InMemorySpanExporter()
    tracer: Any = provider_with(exporter, sampler=ALWAYS_OFF).get_tracer("test")

    tracer.sampler = ALWAYS_ON
    tracer.start_span("sampled").end()

    assert [span.name for span in exporter.get_finished_spans()] == ["sampled"]


def test_a_tracer_takes_ids_from_the_generator_that_it_holds():
    """`Tracer.id_generator` is replaced by one that gives run and step spans the ids that are derived."""

    class Always7(RandomIdGenerator):
        def generate_span_id(self) -> int:
            return 7

    tracer: Any = provider_with(InMemorySpanExporter()).get_tracer("test")

    tracer.id_generator = Always7()

    assert tracer.start_span("seven").get_span_context().span_id == 7


def test_a_tracer_gives_its_spans_the_processor_and_the_limits_that_it_holds():
    """`Tracer.span_processor` and `_span_limits` are replaced, so that a request is counted before another
    processor can break it, and no limit cuts off what is counted.
    """
    own = InMemorySpanExporter()
    provider = provider_with(InMemorySpanExporter(), span_limits=SpanLimits(max_span_attributes=1))
    tracer: Any = provider.get_tracer("test")

    tracer.span_processor = SimpleSpanProcessor(own)
    tracer._span_limits = SpanLimits(max_span_attributes=5)
    tracer.start_span("own", attributes={"a": 1, "b": 2, "c": 3}).end()

    (span,) = own.get_finished_spans()
    assert span.attributes == {"a": 1, "b": 2, "c": 3}


def test_a_provider_gives_each_scope_a_tracer_of_its_own():
    """What is replaced on our tracers is not replaced on those of others."""
    provider = provider_with(InMemorySpanExporter())

    assert provider.get_tracer("ours") is not provider.get_tracer("theirs")


def test_a_processor_that_is_added_later_sees_the_spans_of_tracers_that_were_there():
    """The bridge is added to a provider that somebody else has set up."""
    provider = TracerProvider(shutdown_on_exit=False)
    tracer = provider.get_tracer("test")
    exporter = InMemorySpanExporter()

    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer.start_span("seen").end()

    assert [span.name for span in exporter.get_finished_spans()] == ["seen"]


def test_the_context_reaches_threads_pools_and_timers():
    """The step that runs is carried in it; `opentelemetry-instrumentation-threading` is what carries it."""
    key = otel_context.create_key("test")
    seen: list[object] = []

    def look() -> None:
        seen.append(otel_context.get_value(key))

    token = otel_context.attach(otel_context.set_value(key, "here"))
    try:
        workers = [threading.Thread(target=look), threading.Timer(0.001, look)]
        for worker in workers:
            worker.start()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(look).result()
        for worker in workers:
            worker.join()
    finally:
        otel_context.detach(token)

    assert seen == ["here"] * 3


def test_a_process_without_a_provider_has_a_proxy_and_a_module_that_is_imported_later_is_told_of():
    """A provider of ours is made where there is but the proxy; the SDK is wrapped when it is imported."""
    printed = run_python(
        """
        import json, sys
        import wrapt
        from opentelemetry import trace

        told = []
        wrapt.register_post_import_hook(lambda module: told.append(module.__name__), "colorsys")
        before = list(told)
        import colorsys
        print(json.dumps([type(trace.get_tracer_provider()).__name__, before, told]))
        """
    )

    assert json.loads(printed) == ["ProxyTracerProvider", [], ["colorsys"]]
