"""`instrument()`: the composition root. Settings in, everything wired, once per process."""

import threading
from typing import Any

from opentelemetry.instrumentation.threading import ThreadingInstrumentor

from dagster_openai_otel.calls import traceloop
from dagster_openai_otel.calls.instrumentor import OpenAIRequestInstrumentor
from dagster_openai_otel.faults import say_once
from dagster_openai_otel.pricing import Prices
from dagster_openai_otel.scope import find
from dagster_openai_otel.settings import Settings, resolve
from dagster_openai_otel.steps.disabled import say_disabled
from dagster_openai_otel.steps.instrumentor import DagsterInstrumentor
from dagster_openai_otel.tracing import Telemetry, sdk_disabled

_lock = threading.Lock()
_settings: Settings | None = None
_assumed = False


def instrument(**settings: Any) -> None:
    """Record what every OpenAI call in this process's Dagster steps uses, costs and does.

    Call it in the file that holds the definitions: every process that loads them runs it. It does its work
    once per process, whoever calls it and how often; it loads neither `openai` nor exporters nor price
    tables, which come when first needed. Each setting is also an environment variable,
    `DAGSTER_OPENAI_OTEL_<NAME>`; the argument goes before the variable. With `OTEL_SDK_DISABLED=true`
    nothing is recorded, and each run's log says so.

    Args:
        **settings: Any of these.

            tracer_provider: An `opentelemetry.trace.TracerProvider` to use, not the global one; the
                default is the global one or, where there is none, one that exports to the OTLP endpoint of
                the standard `OTEL_*` variables, and nowhere without.
            trace_url: Template with `{trace_id}`; written as a link into the metadata.
            webserver_url: Address of Dagster's UI; links to its pages stand on the spans of runs and steps.
            call_spans: Traceloop's spans around the requests: `auto` (default: when spans go anywhere),
                `on`, `off`.
            stream_usage: Ask for the usage of streams that did not: `auto` (default: of api.openai.com and
                Azure), `always`, `never`.
            capture_content: Put prompts and completions on spans (default: no).
            prices: Own prices and Azure deployment names, by model or deployment: a model's name, or dollars
                per million tokens by genai-prices' keys (`input_mtok`, `cache_read_mtok`, ...).
            flush_timeout: Seconds, at most, that the end of a process waits for the exporter (default: 2).

    Raises:
        SettingError: A setting's value is not allowed.
        TypeError: There is no setting of that name.
    """
    global _settings, _assumed  # noqa: PLW0603  # what is wrapped is the process's, so these are too
    resolved = resolve(settings)
    with _lock:
        if _assumed and settings and resolved != _settings and find() is None:
            _take_off()
            _settings = None
        if _settings is None:
            _wire(resolved)
            _settings = resolved
        elif settings and resolved != _settings:
            say_once(
                "instrument() was called again with other settings; those of the first call stay. Give all"
                " settings in the first call, or in the environment"
            )
        _assumed = False


def assume() -> None:
    """Instrument with the settings of the environment, until `instrument()` is called with others.

    Raises:
        SettingError: A variable's value is not allowed.
    """
    global _settings, _assumed  # as above
    with _lock:
        if _settings is None:
            settings = resolve({})
            _wire(settings)
            _settings, _assumed = settings, True


def _take_off() -> None:
    if not sdk_disabled():
        DagsterInstrumentor().uninstrument()
        OpenAIRequestInstrumentor().uninstrument()


def in_effect() -> Settings | None:
    """The settings that this process is instrumented with; `None` where it is not."""
    return _settings


def _wire(settings: Settings) -> None:
    if sdk_disabled():
        say_disabled()
        return
    telemetry = Telemetry(settings)
    if not ThreadingInstrumentor().is_instrumented_by_opentelemetry:
        ThreadingInstrumentor().instrument()
    OpenAIRequestInstrumentor().instrument(
        tracer_provider=telemetry,
        prices=settings.prices,
        stream_usage=settings.stream_usage,
        capture_content=settings.capture_content,
    )
    if settings.call_spans != "off":
        traceloop.when_imported(
            lambda: settings.call_spans == "on" or telemetry.exports,
            telemetry,
            capture_content=settings.capture_content,
        )
    DagsterInstrumentor().instrument(
        tracer_provider=telemetry,
        prices=Prices(own=settings.prices).source,
        trace_url=settings.trace_url,
        webserver_url=settings.webserver_url,
        exports=lambda: telemetry.exports,
        flush=telemetry.flush,
        serve=telemetry.serve,
    )
