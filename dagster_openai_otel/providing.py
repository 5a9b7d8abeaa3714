"""A tracer provider of our own, as the standard variables describe it."""

from importlib.metadata import entry_points

from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Sampler

from dagster_openai_otel.faults import error_type, say_once
from dagster_openai_otel.quieting import quieted, scrubbed
from dagster_openai_otel.variables import code_location, found, installed, say_wrong, text_of

_SAMPLERS = "opentelemetry_traces_sampler"
_ALL = "all spans are sampled"
_RATIOS = {"traceidratio", "parentbased_traceidratio"}
_UNNAMED = "dagster"
# what the SDK holds to where no variable says otherwise
_DEFAULT_LIMITS = {
    "max_attributes": 128,
    "max_events": 128,
    "max_links": 128,
    "max_span_attributes": 128,
    "max_event_attributes": 128,
    "max_link_attributes": 128,
    "max_attribute_length": SpanLimits.UNSET,
    "max_span_attribute_length": SpanLimits.UNSET,
}


def build_provider(location: str | None) -> TracerProvider:
    """A provider without processors, by the standard variables.

    Args:
        location: The code location, which names the service where no variable does; `None` where unknown.
    """
    return TracerProvider(
        sampler=_sampler(),
        resource=_resource(location),
        span_limits=_limits(),
        shutdown_on_exit=False,
    )


def _resource(location: str | None) -> Resource:
    with quieted() as said:
        resource = Resource.create()
    if said:
        say_once(f"OTEL_RESOURCE_ATTRIBUTES or another variable of the resource: {scrubbed(said[0])}")
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        return resource.merge(Resource({SERVICE_NAME: location or code_location() or _UNNAMED}))
    return resource


def _sampler() -> Sampler:
    variable = found("OTEL_TRACES_SAMPLER")
    if variable is None:
        return DEFAULT_ON
    name = variable[1].lower()
    entry = installed(_SAMPLERS, name)
    if entry is None:
        say_wrong(variable, ", ".join(sorted(entry_points(group=_SAMPLERS).names)), _ALL)
        return DEFAULT_ON
    argument = text_of("OTEL_TRACES_SAMPLER_ARG")
    try:
        sampler = entry.load()(_ratio() if name in _RATIOS else argument)
    except Exception as error:  # noqa: BLE001  # a sampler of anybody's
        say_once(f"OTEL_TRACES_SAMPLER is {name!r}, which raised {error_type(error)}: {_ALL}")
        return DEFAULT_ON
    if isinstance(sampler, Sampler):
        return sampler
    say_once(f"OTEL_TRACES_SAMPLER is {name!r}, which makes no sampler: {_ALL}")
    return DEFAULT_ON


def _ratio() -> float:
    variable = found("OTEL_TRACES_SAMPLER_ARG")
    if variable is None:
        return 1.0
    try:
        ratio = float(variable[1])
    except ValueError:
        ratio = -1.0
    if 0 <= ratio <= 1:
        return ratio
    say_wrong(variable, "a ratio from 0 to 1", _ALL)
    return 1.0


def _limits() -> SpanLimits:
    try:
        return SpanLimits()
    except ValueError as error:
        # it names the variable and what it holds
        say_once(f"{error}: the limits of spans are those that hold without variables")
        return SpanLimits(**_DEFAULT_LIMITS)
