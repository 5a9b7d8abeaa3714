"""Does the OTLP endpoint answer? One empty export is sent there, within two seconds."""

import os
import ssl
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit, urlunsplit

from dagster_openai_otel.cli.findings import Finding, info, ok, problem, warning
from dagster_openai_otel.exporting import exporter_names, otlp_variable

_TOPIC = "export"
_SECONDS = 2.0
_PATH = "/v1/traces"
_GRPC_EXPORTER = "opentelemetry.exporter.otlp.proto.grpc"
_GOOD, _MISSING, _TOO_MANY = range(200, 300), 404, 429
_REFUSED = {401, 403}


def export() -> Iterator[Finding]:
    """Where spans go, and whether they would be taken."""
    names = exporter_names()
    others = ", ".join(name for name in names if name != "otlp")
    if others:
        yield info(_TOPIC, f"OTEL_TRACES_EXPORTER sends spans to {others}, which is not asked here")
    if not names:
        yield info(
            _TOPIC,
            "no OTEL_EXPORTER_OTLP_ENDPOINT is set: usage is counted, and spans are sent nowhere",
        )
    if "otlp" in names:
        yield from _otlp()


def _otlp() -> Iterator[Finding]:
    where = _variable("ENDPOINT") or "http://localhost:4318"
    protocol = _variable("PROTOCOL") or "http/protobuf"
    if protocol == "grpc":
        yield from _grpc(where)
    elif protocol == "http/protobuf":
        yield _http(_traces_url(where))
    else:
        fix = "Set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or to grpc."
        yield problem(_TOPIC, f"{protocol!r} is no protocol that spans can be sent by", fix)


def _http(url: str) -> Finding:
    name = _shown(url)
    headers = {**_login(url), **_headers(), "Content-Type": "application/x-protobuf"}
    try:
        request = urllib.request.Request(_without_login(url), b"", headers, method="POST")  # noqa: S310  # checked below
        if urlsplit(url).scheme not in {"http", "https"}:
            return problem(_TOPIC, f"{name} is no http address", "Begin it with http:// or https://.")
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=_SECONDS, context=_tls()) as answer:  # noqa: S310  # as above
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
        error.close()
    except (OSError, ValueError) as error:
        return _silent(name, error)
    if status in _GOOD:
        return ok(_TOPIC, f"{name} takes spans (http/protobuf, {(time.monotonic() - began) * 1000:.0f} ms)")
    return _refusal(name, status)


def _grpc(where: str) -> Iterator[Finding]:
    if find_spec(_GRPC_EXPORTER) is None:
        fix = "Install 'dagster-openai-otel[grpc]'."
        yield problem(_TOPIC, "the protocol is grpc, and its exporter is not installed", fix)
    import grpc  # noqa: PLC0415  # which Dagster brings
    from opentelemetry.proto.collector.trace.v1 import (  # noqa: PLC0415  # as above
        trace_service_pb2 as messages,
        trace_service_pb2_grpc as service,
    )

    parts = urlsplit(where if "://" in where else f"http://{where}")
    address, name = parts.netloc.rpartition("@")[2], _shown(where)
    secure = parts.scheme == "https"
    channel = (
        grpc.secure_channel(address, grpc.ssl_channel_credentials(_certificate()))
        if secure
        else grpc.insecure_channel(address)
    )
    began = time.monotonic()
    with channel:
        try:
            headers = [(header.lower(), value) for header, value in _headers().items()]
            stub = service.TraceServiceStub(channel)  # type: ignore[no-untyped-call]  # generated without types
            stub.Export(messages.ExportTraceServiceRequest(), timeout=_SECONDS, metadata=headers)
        except grpc.RpcError as error:
            yield _refused_by_grpc(name, error.code().name)
            return
    yield ok(_TOPIC, f"{name} takes spans (grpc, {(time.monotonic() - began) * 1000:.0f} ms)")


def _refused_by_grpc(name: str, status: str) -> Finding:
    if status in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
        return problem(
            _TOPIC,
            f"{name} does not answer (grpc, {status})",
            "Start the collector, or mend OTEL_EXPORTER_OTLP_ENDPOINT: grpc is on port 4317 as a rule."
            " Runs go on without.",
        )
    if status in {"UNAUTHENTICATED", "PERMISSION_DENIED"}:
        return problem(_TOPIC, f"{name} refuses the key (grpc, {status})", _KEY_FIX)
    fix = "Is this an OTLP receiver for grpc? http/protobuf is on port 4318 as a rule."
    return problem(_TOPIC, f"{name} does not take spans (grpc, {status})", fix)


_KEY_FIX = "Give the backend's key in OTEL_EXPORTER_OTLP_HEADERS."


def _refusal(name: str, status: int) -> Finding:
    if status in _REFUSED:
        return problem(_TOPIC, f"{name} refuses the key (status {status})", _KEY_FIX)
    if status == _TOO_MANY:
        return warning(_TOPIC, f"{name} has too much to do (status {status})", "Give it room, or sample.")
    fix = "See the log of the collector."
    if status == _MISSING:
        fix = (
            f"{_PATH} is added to OTEL_EXPORTER_OTLP_ENDPOINT, and not to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT."
        )
    return problem(_TOPIC, f"{name} does not take spans (status {status})", fix)


def _silent(name: str, error: Exception) -> Finding:
    reason = getattr(error, "reason", None) or error
    fix = (
        "Start the collector, or mend OTEL_EXPORTER_OTLP_ENDPOINT: http/protobuf is on port 4318 as a rule."
        " Runs go on without, and usage is counted."
    )
    return problem(_TOPIC, f"{name} does not answer ({type(reason).__name__})", fix)


def _traces_url(where: str) -> str:
    """The whole address: the variable for traces holds it, the one for everything does not."""
    if os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip():
        return where
    return where.rstrip("/") + _PATH


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _shown(url: str) -> str:
    """An address as it may be shown: without user, password and query, which can be keys."""
    return urlunsplit(urlsplit(_without_login(url))._replace(query="", fragment=""))


def _login(url: str) -> Mapping[str, str]:
    """The header of a user and password in an address, which the exporter sends so."""
    login = unquote(urlsplit(url).netloc.rpartition("@")[0])
    return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}


def _headers() -> Mapping[str, str]:
    from opentelemetry.util.re import parse_env_headers  # noqa: PLC0415  # only here

    return parse_env_headers(_variable("HEADERS") or "", liberal=True)


def _tls() -> ssl.SSLContext:
    certificate = _variable("CERTIFICATE")
    return ssl.create_default_context(cafile=certificate or None)


def _certificate() -> bytes | None:
    path = _variable("CERTIFICATE")
    if not path:
        return None
    with open(path, "rb") as file:  # noqa: PTH123  # as the exporter does
        return file.read()


def _variable(name: str) -> str | None:
    """What a variable of the exporter holds: the one for traces goes before the one for everything."""
    variable = otlp_variable(name)
    return variable[1] if variable else None
