"""What a test tells the fake API to say, and what the fake API saw: `Answer` and `Request`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dagster_openai_otel.errors import SettingError
from dagster_openai_otel.usage import Usage

Json = Any
"""A JSON value: `None`, `bool`, `int`, `float`, `str`, or a `list` or `dict` of them."""

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
ResponseStatus = Literal["completed", "incomplete", "failed"]
_FINAL_STATUSES = range(200, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One function that the model asks the caller to run."""

    name: str
    """Name of the function, as in the `tools` of the request."""
    arguments: Mapping[str, Json] | str = field(default_factory=dict)
    """The arguments; a `str` is sent as it is, so that broken JSON can be sent too."""

    @property
    def arguments_json(self) -> str:
        """The arguments as the JSON text that goes over the wire."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(self.arguments, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How the fake API answers one request. Every field that is left out keeps the default answer.

    A field that the endpoint does not know (`tool_calls` of an embedding) has no effect. An answer whose
    `status` is 400 or more is an error and costs nothing.
    """

    text: str | None = None
    """What the model says. `None`: a short text made from the prompt, or JSON that fits the schema."""
    parsed: Json = None
    """What is sent as JSON text, the answer to a request for structured output; a pydantic model too."""
    choices: Sequence[str] = ()
    """The texts of the choices of a request with `n > 1`, in order; the rest are numbered copies."""
    refusal: str | None = None
    """The model declines with these words; there is no text then."""
    tool_calls: Sequence[ToolCall] = ()
    """Functions that the model asks for. Without `text` there is no text beside them."""
    finish_reason: FinishReason | None = None
    """Why the model stopped. `length` and `content_filter` make a response `incomplete`."""
    response_status: ResponseStatus | None = None
    """Responses only: how the response ends. `None`: as `finish_reason` says."""
    polls: int = 2
    """Responses with `background`: the number of the `GET` that finds the response finished."""

    model: str | None = None
    """The model that the answer names. `None`: the dated name of the model that was asked for."""
    service_tier: str | None = None
    """The tier that the answer names. `None`: the tier that was asked for; `default` for `auto`."""
    usage: Usage | None = None
    """The tokens, in a batch of each line. `None`: counts made from the prompt and the text. A total of 0 is
    filled in."""
    omit_usage: bool = False
    """The answer carries no usage, though the call is billed."""
    repeat_usage: bool = False
    """Chat streams: every chunk carries the usage so far, as some compatible servers do."""

    status: int = 200
    """HTTP status. From 400 on the body is an error."""
    error_type: str | None = None
    """`type` of the error. `None`: what the API says for this status."""
    error_code: str | None = None
    """`code` of the error, such as `context_length_exceeded`. `None`: usual for the status."""
    error_message: str | None = None
    """`message` of the error. `None`: a short sentence."""
    retry_after: float | None = None
    """Seconds that the client is told to wait before it tries again."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further response headers; they win over those that the server sends by itself."""

    hang: float = 0.0
    """Seconds of silence before the answer; ends early when the client leaves or the server stops."""
    reset: bool = False
    """The TCP connection is reset: before the first byte, or after the events of `cut_after`."""
    malformed: bool = False
    """The answer is a 200 whose JSON breaks off."""
    raw: tuple[str, bytes] | None = None
    """Content type and body that are served as they are; `text/event-stream` goes event by event."""
    gzip: bool = False
    """The body goes gzipped over the wire."""

    chunks: int = 4
    """Into how many pieces a stream cuts the text."""
    chunk_delay: float = 0.0
    """Seconds of silence before each event of a stream but the first."""
    cut_after: int | None = None
    """A stream's TCP connection is closed after this many events, without an end."""
    error_after: int | None = None
    """A stream says that the server failed after this many events, and ends."""
    no_done: bool = False
    """A stream ends without its `[DONE]`."""

    def __post_init__(self) -> None:
        """Refuse what cannot be served.

        Raises:
            SettingError: `status` or `chunks` is out of range, or both `text` and `parsed` are set.
        """
        if self.status not in _FINAL_STATUSES:
            raise SettingError(
                name="Answer.status",
                value=self.status,
                allowed="a final HTTP status, 200 to 599",
                fix="For a connection that breaks without an answer set reset=True.",
            )
        if self.chunks < 1:
            raise SettingError(
                name="Answer.chunks",
                value=self.chunks,
                allowed="1 or more",
                fix="For a stream that says nothing set text='' or cut_after.",
            )
        if self.text is not None and self.parsed is not None:
            raise SettingError(
                name="Answer.parsed",
                value=self.parsed,
                allowed="an object, or a text, but not both",
                fix="Leave out text: parsed is sent as the text.",
            )

    def said(self) -> str | None:
        """The scripted text, or `None` when the answer leaves it to the default."""
        if self.parsed is not None:
            return json.dumps(self.parsed, separators=(",", ":"), default=_dumped)
        return self.text


def _dumped(model: Json) -> Json:
    return model.model_dump(mode="json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request that reached the fake API."""

    index: int
    """Its place in order of arrival, from 0."""
    method: str
    """`GET`, `POST`, ..."""
    path: str
    """The path of the URL, without the query."""
    query: Mapping[str, str]
    """Parameters of the query; the last one wins where a name repeats."""
    headers: Mapping[str, str]
    """Headers by lower-case name. The key of the caller reads `[removed]`."""
    body: bytes
    """The body as it came; empty when there was none."""
    json: Json
    """The body as JSON; `None` when it is none."""
