"""The settings of `instrument()`: argument before environment variable before default."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from opentelemetry.trace import TracerProvider

from dagster_openai_otel import checks
from dagster_openai_otel.pricing import OwnPrice

ENVIRONMENT_PREFIX = "DAGSTER_OPENAI_OTEL_"

CallSpans = Literal["auto", "on", "off"]
StreamUsage = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `instrument()` was told."""

    tracer_provider: TracerProvider | None = None
    """Use this provider; `None` for the global one, or our own where there is none."""
    trace_url: str | None = None
    """Template with `{trace_id}` for a link to the trace; `None` for no link."""
    webserver_url: str | None = None
    """Address of Dagster's UI, without a slash at its end; `None` for no links to it."""
    call_spans: CallSpans = "auto"
    """Traceloop's spans around the requests; `auto`: when spans go anywhere."""
    stream_usage: StreamUsage = "auto"
    """Ask for the usage of streams that did not; `auto`: of api.openai.com and Azure."""
    capture_content: bool = False
    """Put prompts and completions on spans."""
    prices: Mapping[str, OwnPrice] = field(default_factory=dict)
    """Own prices and Azure deployment names, by model or deployment."""
    flush_timeout: float = 2.0
    """Seconds, at most, that the end of a process waits for the exporter."""


def resolve(arguments: Mapping[str, object]) -> Settings:
    """Settle each setting: the argument, else its environment variable, else the default.

    An environment variable that is empty is one that is not set.

    Args:
        arguments: The arguments that were given, by name. Texts are read as in the environment.

    Raises:
        SettingError: A value is not allowed.
        TypeError: There is no setting of that name.
    """
    unknown = sorted(set(arguments) - {"tracer_provider", *_CHECKS})
    if unknown:
        message = f"unknown setting {unknown[0]!r}; there are: tracer_provider, {', '.join(_CHECKS)}"
        raise TypeError(message)
    settled = {name: value for name in _CHECKS if (value := settle(name, arguments)) is not None}
    provider = arguments.get("tracer_provider")
    if provider is not None:
        settled["tracer_provider"] = checks.tracer_provider("tracer_provider", provider)
    return Settings(**settled)  # type: ignore[arg-type]  # each check returns its field's type


_CHECKS: Mapping[str, Callable[[str, object], object]] = {
    "trace_url": checks.trace_url,
    "webserver_url": checks.web_address,
    "call_spans": checks.one_of("auto", "on", "off"),
    "stream_usage": checks.one_of("auto", "always", "never"),
    "capture_content": checks.flag,
    "prices": checks.prices,
    "flush_timeout": checks.seconds,
}


VARIABLES: Mapping[str, str] = {name: ENVIRONMENT_PREFIX + name.upper() for name in _CHECKS}
"""The environment variable of each setting that has one."""


def settle(name: str, arguments: Mapping[str, object]) -> object:
    """The checked value of one of `VARIABLES`; `None` for the default.

    Raises:
        SettingError: The value is not allowed.
    """
    if arguments.get(name) is not None:
        return _CHECKS[name](name, arguments[name])
    text = os.environ.get(VARIABLES[name], "").strip()
    return _CHECKS[name](VARIABLES[name], text) if text else None
