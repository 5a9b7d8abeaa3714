"""The tracer provider of this process: found or built at first need, with exporter and flush."""

import os
import threading
from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.util.types import Attributes

from dagster_openai_otel.conventions import CALLS_SCOPE, SCOPE
from dagster_openai_otel.exporting import exporter_makers, exporter_names, say_unmade
from dagster_openai_otel.faults import guarded, say_once
from dagster_openai_otel.outbox import Outbox
from dagster_openai_otel.processor import DagsterSpanProcessor
from dagster_openai_otel.providing import build_provider
from dagster_openai_otel.sampling import Decided, follow_decisions
from dagster_openai_otel.settings import Settings
from dagster_openai_otel.span_queue import queue_limits
from dagster_openai_otel.unexported import UnexportedTracer

VERSION = version("dagster-openai-otel")


def sdk_disabled() -> bool:
    """Whether OpenTelemetry is turned off by `OTEL_SDK_DISABLED`."""
    return os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


class Telemetry(trace.TracerProvider):
    """A tracer provider that finds or builds the real one when there is a span to make.

    The real one is, in this order: the one that the settings name, the global one, one of our own. Ours
    exports where the standard variables say, and nowhere where they name no endpoint and no exporter.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._real: trace.TracerProvider | None = None
        self._own: trace.TracerProvider | None = None
        self._outbox: Outbox | None = None
        self._location: str | None = None
        self._flushing: threading.Thread | None = None

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        """A tracer of the real provider; of request spans that nobody can see, a lighter one.

        Tracers of others, who may ask long before anything runs, ask the real provider at their first span.
        """
        if instrumenting_module_name == CALLS_SCOPE and self._keeps_to_itself:
            return UnexportedTracer(InstrumentationScope(CALLS_SCOPE, instrumenting_library_version))
        names = (instrumenting_module_name, instrumenting_library_version, schema_url, attributes)
        if instrumenting_module_name in {CALLS_SCOPE, SCOPE}:
            return follow_decisions(self.provider.get_tracer(*names))
        return _LateTracer(lambda: follow_decisions(self.provider.get_tracer(*names)))

    @property
    def provider(self) -> trace.TracerProvider:
        """The real provider, with a `DagsterSpanProcessor`."""
        with self._lock:
            if self._real is None:
                self._real = self._adopt() or self._build()
            return self._real

    @property
    def exports(self) -> bool:
        """Whether spans go anywhere: to an exporter of ours, or to a provider that somebody else set up."""
        return bool(exporter_names()) or (self._own is None and self._existing() is not None)

    @property
    def _keeps_to_itself(self) -> bool:
        """Whether the real provider is our own, and has no exporter."""
        return self.provider is self._own and not self._outbox

    def serve(self, location: str | None) -> None:
        """Say which code location runs here, for the name of the service; it is settled by the first span."""
        self._location = self._location or location

    def flush(self) -> None:
        """Hand over to the exporter what has ended, waiting for `flush_timeout` at most."""
        if self._outbox is not None:
            self._outbox.flush()
            return
        flush = getattr(self._real, "force_flush", None)
        if flush is None:
            return
        # The SDK's own force_flush does not keep to its time limit; one that has not come back goes on.
        if self._flushing is None or not self._flushing.is_alive():
            self._flushing = threading.Thread(
                target=_flush, args=(flush,), name="dagster-openai-otel-flush", daemon=True
            )
            self._flushing.start()
        self._flushing.join(self._settings.flush_timeout)

    def _existing(self) -> trace.TracerProvider | None:
        """The provider that somebody else set up, if any."""
        provider = self._settings.tracer_provider or trace.get_tracer_provider()
        return None if isinstance(provider, trace.ProxyTracerProvider) else provider

    def _adopt(self) -> trace.TracerProvider | None:
        existing = self._existing()
        if existing is None:
            return None
        if isinstance(existing, SdkTracerProvider):
            # by the SDK's own method: that of Phoenix takes its exporter off for whatever is added
            SdkTracerProvider.add_span_processor(existing, DagsterSpanProcessor())
            return existing
        if hasattr(existing, "add_span_processor"):
            existing.add_span_processor(DagsterSpanProcessor())
            return existing
        say_once(
            f"the tracer provider {type(existing).__name__} takes no span processor: usage is recorded,"
            " but no span goes to it. Use an opentelemetry.sdk.trace.TracerProvider"
        )
        return None

    def _build(self) -> trace.TracerProvider:
        self._own = provider = build_provider(self._location)
        # for the user's own spans in a run that a tag decides
        provider.sampler = Decided(provider.sampler)
        provider.add_span_processor(DagsterSpanProcessor())
        self._outbox = outbox = Outbox(self._settings.flush_timeout)
        for make_exporter in exporter_makers():
            try:
                outbox.add(make_exporter, queue_limits())
            except Exception as error:  # noqa: BLE001  # whatever the variables make an exporter raise
                say_unmade(error)
        if outbox:
            provider.add_span_processor(outbox)
            if self._existing() is None:
                trace.set_tracer_provider(provider)
        return provider


def _flush(flush: Callable[[], object]) -> None:
    with guarded("spans that were to be exported", "a tracer provider, or in what was added to it"):
        flush()


class _LateTracer(trace.Tracer):
    """Asks for the real tracer at its first span.

    Args:
        find: Finds it.
    """

    def __init__(self, find: Callable[[], trace.Tracer]) -> None:
        self._find = find

    @cached_property
    def _tracer(self) -> trace.Tracer:
        return self._find()

    def start_span(self, *args: Any, **kwargs: Any) -> trace.Span:
        return self._tracer.start_span(*args, **kwargs)

    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        return self._tracer.start_as_current_span(*args, **kwargs)
