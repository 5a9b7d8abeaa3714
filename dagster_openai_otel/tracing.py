"""The tracer provider of this process: found or built at first need, with exporter, ids and flush."""

import os
import threading
from importlib import import_module
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.util.types import Attributes

from dagster_openai_otel.conventions import CALLS_SCOPE
from dagster_openai_otel.faults import guarded, say_once
from dagster_openai_otel.processor import DagsterSpanProcessor
from dagster_openai_otel.sampling import Decided, follow_decisions
from dagster_openai_otel.settings import Settings
from dagster_openai_otel.unexported import UnexportedTracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_EXPORTERS = {
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "grpc": "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
}
VERSION = version("dagster-openai-otel")


def sdk_disabled() -> bool:
    """Whether OpenTelemetry is turned off by `OTEL_SDK_DISABLED`."""
    return os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


class Telemetry(trace.TracerProvider):
    """A tracer provider that finds or builds the real one when it is first asked for a tracer.

    The real one is, in this order: the one that the settings name, the global one, one of our own. Ours
    exports to the OTLP endpoint that the standard variables name, and nowhere where they name none.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._real: trace.TracerProvider | None = None
        self._own: trace.TracerProvider | None = None
        self._exporting = False

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        """A tracer of the real provider; of request spans that nobody can see, a lighter one."""
        if instrumenting_module_name == CALLS_SCOPE and self._keeps_to_itself:
            return UnexportedTracer(InstrumentationScope(CALLS_SCOPE, instrumenting_library_version))
        return follow_decisions(
            self.provider.get_tracer(
                instrumenting_module_name, instrumenting_library_version, schema_url, attributes
            )
        )

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
        return endpoint() is not None or (self._own is None and self._existing() is not None)

    @property
    def _keeps_to_itself(self) -> bool:
        """Whether the real provider is our own, and has no exporter."""
        return self.provider is self._own and not self._exporting

    def flush(self) -> None:
        """Hand over to the exporter what has ended, waiting for `flush_timeout` at most."""
        flush = getattr(self._real, "force_flush", None)
        if flush is None or not self.exports:
            return
        # The SDK's own force_flush does not keep to its time limit.
        thread = threading.Thread(target=flush, name="dagster-openai-otel-flush", daemon=True)
        thread.start()
        thread.join(self._settings.flush_timeout)

    def _existing(self) -> trace.TracerProvider | None:
        """The provider that somebody else set up, if any."""
        provider = self._settings.tracer_provider or trace.get_tracer_provider()
        return None if isinstance(provider, trace.ProxyTracerProvider) else provider

    def _adopt(self) -> trace.TracerProvider | None:
        existing = self._existing()
        if existing is None:
            return None
        if isinstance(existing, SdkTracerProvider) or hasattr(existing, "add_span_processor"):
            existing.add_span_processor(DagsterSpanProcessor())
            return existing
        say_once(
            f"the tracer provider {type(existing).__name__} takes no span processor: usage is recorded,"
            " but no span goes to it. Use an opentelemetry.sdk.trace.TracerProvider"
        )
        return None

    def _build(self) -> trace.TracerProvider:
        self._own = provider = SdkTracerProvider(resource=_resource())
        # for the user's own spans in a run that a tag decides
        provider.sampler = Decided(provider.sampler)
        provider.add_span_processor(DagsterSpanProcessor())
        exporter = build_exporter()
        if exporter is not None:
            self._exporting = True
            provider.add_span_processor(BatchSpanProcessor(exporter))
            if self._existing() is None:
                trace.set_tracer_provider(provider)
        return provider


def endpoint() -> str | None:
    """The OTLP endpoint for traces that the standard variables name; `None` where they name none."""
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return None
    return _variable(_ENDPOINTS)


def build_exporter() -> SpanExporter | None:
    """An OTLP exporter by the standard variables; `None` where there is no endpoint or no such protocol."""
    if endpoint() is None:
        return None
    protocol = _variable(_PROTOCOLS) or "http/protobuf"
    if protocol not in _EXPORTERS:
        say_once(f"no spans are exported: {protocol!r} is no OTLP protocol. Allowed: {', '.join(_EXPORTERS)}")
        return None
    with guarded("the export of spans"):
        timeout = None if _variable(_TIMEOUTS) else 2
        exporter: SpanExporter = import_module(_EXPORTERS[protocol]).OTLPSpanExporter(timeout=timeout)
        return exporter
    return None


def _resource() -> Resource:
    """The resource that the standard variables describe, named `dagster` where they give it no name."""
    resource = Resource.create()
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        return resource.merge(Resource({SERVICE_NAME: "dagster"}))
    return resource


def _variable(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)
