"""`OpenAIRequestInstrumentor`: wraps the OpenAI SDK when it is imported, and not before."""

from collections.abc import Collection
from types import ModuleType
from typing import Any

import wrapt
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from dagster_openai_otel import pricing
from dagster_openai_otel.calls import sockets
from dagster_openai_otel.calls.requests import RequestSpans
from dagster_openai_otel.calls.stream_usage import UsageAsker
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.wrapping import Wrapping


class OpenAIRequestInstrumentor(BaseInstrumentor):  # type: ignore[misc]  # untyped in the lower bound
    """Makes a client span of each request of `openai.OpenAI` and `openai.AsyncOpenAI`.

    It wraps the one method that all of the SDK's calls go through, when `openai` is imported and not
    before. What a call sends, returns and raises stays the same.

    `instrument()` takes `tracer_provider` (default: the global one), `prices`, `stream_usage` and
    `capture_content`, as the settings of the same names.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """The versions of the SDK that this knows."""
        return ("openai >= 2, < 4",)

    def _instrument(self, **kwargs: Any) -> None:
        prices = pricing.Prices(own=kwargs.get("prices") or {})
        asker = UsageAsker(kwargs.get("stream_usage") or "auto")
        content = kwargs.get("capture_content") is True
        spans = self._spans = RequestSpans(kwargs.get("tracer_provider"), prices, asker, content=content)
        wrapping = self._wrapping = Wrapping()

        def wrap(openai: ModuleType) -> None:
            with guarded("the usage of all calls"):
                if wrapping.active:
                    spans.wrap(openai, wrapping)
                    pricing.load()

        wrapt.register_post_import_hook(wrap, "openai")
        sockets.when_imported(spans, wrapping)

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002  # the base class's signature
        self._spans = None
        self._wrapping.take_off()

    @property
    def spans(self) -> RequestSpans | None:
        """What makes the spans; `None` while the SDK is not instrumented."""
        return self._spans

    _spans: RequestSpans | None = None
