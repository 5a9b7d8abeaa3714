"""What goes back over the wire: `Plain` answers, `Streamed` answers and errors."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from dagster_openai_otel.testing.answers import Answer, Json
from dagster_openai_otel.testing.billing import BilledCall

_ERRORS: Mapping[int, tuple[str, str | None, str]] = {
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    404: ("invalid_request_error", None, "Not found."),
    408: ("server_error", None, "The request timed out."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached."),
    503: ("server_error", None, "The engine is currently overloaded, please try again later."),
}
_SERVER_ERROR = (
    "server_error",
    None,
    "The server had an error while processing your request.",
)
_BAD_REQUEST = ("invalid_request_error", None, "The request was not valid.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """An answer with one body."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    charge: BilledCall | None = None
    """What is billed for it; `None` for a free answer."""
    reports_usage: bool = False
    """Whether the body tells the client its usage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One server-sent event, with the blank line that ends it."""

    data: bytes
    reports_usage: bool = False
    """Whether the event tells the client its final usage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """An answer that comes as server-sent events."""

    events: Sequence[Event]
    charge: BilledCall | None = None
    """What is billed for it; `None` for a free answer."""
    settled: Callable[[], BilledCall | None] = lambda: None
    """Gives what is billed once the end is told, for work that goes on where the client leaves."""


Reply = Plain | Streamed


def json_bytes(value: Json) -> bytes:
    """JSON as it goes over the wire."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def data_event(value: Json, *, name: str | None = None, reports_usage: bool = False) -> Event:
    """A server-sent event with JSON data, and a name where the endpoint names its events."""
    head = f"event: {name}\n".encode() if name else b""
    return Event(data=head + b"data: " + json_bytes(value) + b"\n\n", reports_usage=reports_usage)


DONE = Event(data=b"data: [DONE]\n\n")
"""The event that ends the streams of the older endpoints."""


def chat_stream(chunks: Sequence[Event], answer: Answer) -> Sequence[Event]:
    """The events of an endpoint that streams chunks, with the scripted error or the end after them."""
    if answer.error_after is not None:
        return [*chunks[: answer.error_after], data_event(error_body(500, answer))]
    return chunks if answer.no_done else [*chunks, DONE]


def error_body(status: int, answer: Answer, *, param: str | None = None) -> dict[str, Json]:
    """An error in the shape of the API, worded by the answer where it says something."""
    other = _SERVER_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _BAD_REQUEST
    kind, code, message = _ERRORS.get(status, other)
    return {
        "error": {
            "message": answer.error_message or message,
            "type": answer.error_type or kind,
            "param": param,
            "code": answer.error_code or code,
        }
    }


def failure(status: int, answer: Answer, *, param: str | None = None) -> Plain:
    """An error answer; it is never billed."""
    return Plain(status=status, body=json_bytes(error_body(status, answer, param=param)))


def refused(status: int, message: str, *, code: str | None = None, param: str | None = None) -> Plain:
    """An error that the request itself is to blame for."""
    return failure(status, Answer(error_message=message, error_code=code), param=param)
