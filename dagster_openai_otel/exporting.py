"""Which exporters the standard variables name, and how they are made."""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.util.re import parse_env_headers

from dagster_openai_otel.faults import error_type, say_once
from dagster_openai_otel.quieting import quieted, scrubbed
from dagster_openai_otel.variables import found, installed, say_wrong, text_of

_GROUP = "opentelemetry_traces_exporter"
_NOTHING = "no spans are exported"
_PREFIXES = ("OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_")
# name of the exporter, where it is, and what it packs with
_PROTOCOLS = {
    "http/protobuf": (
        "otlp_proto_http",
        "opentelemetry-exporter-otlp-proto-http",
        ("none", "gzip", "deflate"),
    ),
    "grpc": ("otlp_proto_grpc", "dagster-openai-otel[grpc]", ("gzip",)),
    "http/json": ("otlp_json_http", "opentelemetry-exporter-otlp-json-http", ("none", "gzip", "deflate")),
}
_DEFAULT_PROTOCOL = "http/protobuf"
_FILES = ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE")


def exporter_names() -> tuple[str, ...]:
    """The exporters that `OTEL_TRACES_EXPORTER` names; without it `otlp`, where an endpoint is set."""
    named = text_of("OTEL_TRACES_EXPORTER")
    if named is None:
        return ("otlp",) if otlp_variable("ENDPOINT") else ()
    names = dict.fromkeys(name.strip().lower() for name in named.split(","))
    return tuple(name for name in names if name not in {"", "none"})


def exporter_makers() -> list[Callable[[], SpanExporter]]:
    """What makes each of the exporters that are wanted and installed; of all others, the log says why not."""
    return [maker for name in exporter_names() if (maker := _maker(name)) is not None]


def say_unmade(error: Exception) -> None:
    """Say that an exporter could not be made."""
    say_once(
        f"{_NOTHING}: making the exporter raised {error_type(error)}: {scrubbed(str(error))}."
        " See the variables OTEL_EXPORTER_OTLP_*"
    )


def otlp_variable(name: str) -> tuple[str, str] | None:
    """A variable of OTLP, that of traces before the general one, with what it holds."""
    return found(*(f"{prefix}{name}" for prefix in _PREFIXES))


def _maker(name: str) -> Callable[[], SpanExporter] | None:
    if name == "otlp":
        return _otlp_maker()
    entry = installed(_GROUP, name)
    if entry is None:
        known = sorted({"otlp", "none", *entry_points(group=_GROUP).names})
        variable = ("OTEL_TRACES_EXPORTER", text_of("OTEL_TRACES_EXPORTER") or "")
        say_wrong(variable, ", ".join(known), f"nothing is exported to {name!r}, which is not installed")
        return None
    return _loader(entry.load)


def _otlp_maker() -> Callable[[], SpanExporter] | None:
    variable = otlp_variable("PROTOCOL") or ("OTEL_EXPORTER_OTLP_PROTOCOL", _DEFAULT_PROTOCOL)
    protocol = variable[1].lower()
    if protocol not in _PROTOCOLS:
        say_wrong(variable, ", ".join(_PROTOCOLS), _NOTHING)
        return None
    name, package, packings = _PROTOCOLS[protocol]
    entry = installed(_GROUP, name)
    if entry is None:
        say_once(
            f"{_NOTHING}: {variable[0]} is {protocol!r}, whose exporter is not installed. Install {package}"
        )
        return None
    if not _is_sound(protocol, packings):
        return None
    return _loader(entry.load)


def _loader(load: Callable[[], Any]) -> Callable[[], SpanExporter]:
    def make() -> SpanExporter:
        kind = load()
        with quieted():
            exporter: SpanExporter = kind()
        return exporter

    return make


def _is_sound(protocol: str, packings: tuple[str, ...]) -> bool:
    """Whether the variables of OTLP hold what they can hold; where not, the log says so."""
    checks = {
        "ENDPOINT": (_is_endpoint(protocol), "a URL such as http://localhost:4318"),
        "TIMEOUT": (_is_seconds, "seconds, such as 10"),
        "COMPRESSION": (lambda text: text.lower() in packings, f"{', '.join(packings)}, or not set"),
        **dict.fromkeys(_FILES, (lambda text: Path(text).is_file(), "the path of a PEM file, or not set")),
    }
    for name, (is_sound, allowed) in checks.items():
        variable = otlp_variable(name)
        if variable is not None and not is_sound(variable[1]):
            say_wrong((variable[0], scrubbed(variable[1])), allowed, _NOTHING)
            return False
    return _has_sound_headers()


def _has_sound_headers() -> bool:
    variable = otlp_variable("HEADERS")
    if variable is None:
        return True
    with quieted():
        headers = parse_env_headers(variable[1], liberal=True)
    given = [part for part in variable[1].split(",") if part.strip()]
    if len(headers) == len({part.partition("=")[0].strip().lower() for part in given}) and all(
        name.isascii() and value.isprintable() and value.isascii() for name, value in headers.items()
    ):
        return True
    # what it holds can be a key
    say_once(
        f"{variable[0]} holds {len(given)} parts that are not all headers: {_NOTHING}."
        " Allowed: name=value,other=value, with each value percent-encoded"
    )
    return False


def _is_endpoint(protocol: str) -> Callable[[str], bool]:
    def is_endpoint(text: str) -> bool:
        try:
            url = urlsplit(text)
            sound = (
                url.scheme in {"http", "https"} and bool(url.hostname) and (url.port is None or url.port > 0)
            )
        except ValueError:
            return False
        # gRPC has targets of its own: `host:4317`, `unix:...`
        return sound or (protocol == "grpc" and "//" not in text)

    return is_endpoint


def _is_seconds(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False
