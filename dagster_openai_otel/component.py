"""`OpenAIOtelComponent`: `instrument()` as a component of `dg`, for projects that write no Python for it."""

from collections.abc import Mapping
from typing import Annotated, Any

import dagster as dg

from dagster_openai_otel.settings import CallSpans, StreamUsage
from dagster_openai_otel.wiring import instrument

_said = dg.Resolver.default


class OpenAIOtelComponent(dg.Component, dg.Resolvable, dg.Model):
    """Records what every OpenAI call in this code location uses, costs and does.

    Calls `instrument()` in every process that loads the definitions, and defines nothing else. An attribute
    that is left out is read from its environment variable, `DAGSTER_OPENAI_OTEL_<NAME>`, as always. Needs
    Dagster 1.11. A value that is not allowed is a `SettingError` when the definitions are loaded.

        type: dagster_openai_otel.OpenAIOtelComponent
        attributes:
          trace_url: "{{ env('JAEGER_URL') }}/trace/{trace_id}"
    """

    trace_url: Annotated[
        str | None, _said(description="Template with {trace_id} for a link to the trace.")
    ] = None
    webserver_url: Annotated[
        str | None, _said(description="Address of Dagster's UI, for links from spans.")
    ] = None
    call_spans: Annotated[
        CallSpans | None, _said(description="Traceloop's spans around the requests: auto, on or off.")
    ] = None
    stream_usage: Annotated[
        StreamUsage | None, _said(description="Ask streams for their usage: auto, always or never.")
    ] = None
    capture_content: Annotated[bool | None, _said(description="Put prompts and completions on spans.")] = None
    prices: Annotated[
        Mapping[str, str | Mapping[str, float]] | None,
        _said(description="Own prices, and the models behind Azure deployments, by model or deployment."),
    ] = None
    flush_timeout: Annotated[
        float | None, _said(description="Seconds, at most, that the end of a process waits for the exporter.")
    ] = None

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002  # Dagster's
        """Instrument this process; there is nothing to define."""
        settings: dict[str, Any] = self.model_dump()
        instrument(**{name: value for name, value in settings.items() if value is not None})
        return dg.Definitions()
