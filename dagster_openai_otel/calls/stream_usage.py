"""Asking for the usage of streams that did not, and taking out again what comes of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dagster_openai_otel.calls.endpoints import Endpoint
from dagster_openai_otel.settings import StreamUsage

_STREAMS = {"/chat/completions", "/completions"}
_OPENAI_HOST = re.compile(r"(\w+\.)?api\.openai\.com")
_AZURE_HOST = re.compile(
    r".+\.((openai|cognitiveservices)\.azure\.(com|us|cn)|services\.ai\.azure\.(com|us))"
)
_HOST = re.compile(r"https?://(?:[^/@]*@)?([^/:?#]+)", re.IGNORECASE)
# how a server says that it does not like the option, in whatever spelling
_NAMED = re.compile(r"(stream.?options|include.?usage)", re.IGNORECASE)
# what a server that does not know the option may answer without a word about it
_UNEXPLAINED = {400, 422, 500, 501}
_NULL_USAGE = re.compile(rb',\s*"usage"\s*:\s*null|(?<=\{)\s*"usage"\s*:\s*null\s*,\s*')
_USAGE = re.compile(rb'"usage"\s*:\s*\{')


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A request that asks for usage which the user did not ask for."""

    options: Any
    """The SDK's options, with what asks; the user's own stay as they are."""
    server: str
    """Where it goes."""
    known: bool
    """Whether that is OpenAI or Azure, which name the option where they refuse it."""


class UsageAsker:
    """Decides whether to ask, and remembers the servers that refuse.

    Args:
        mode: `auto` asks api.openai.com and Azure, `always` asks everybody, `never` nobody.
    """

    def __init__(self, mode: StreamUsage) -> None:
        self._mode = mode
        self._refusing: set[str] = set()
        self._answering: set[str] = set()

    def asking(self, client: Any, endpoint: Endpoint, options: Any, body: object) -> Asking | None:
        """How to ask for the usage of a stream; `None` where it is asked for already, or is not to be.

        Args:
            client: The client that sends the request.
            endpoint: Where it goes.
            options: The SDK's `FinalRequestOptions`.
            body: The body that the SDK makes of them.
        """
        if self._mode == "never" or endpoint.template not in _STREAMS or not isinstance(body, Mapping):
            return None
        wanted = body.get("stream_options")
        if body.get("stream") is not True or not (wanted is None or isinstance(wanted, Mapping)):
            return None
        server = _server_of(client, options)
        known = _is_openai(client, server)
        if "include_usage" in (wanted or {}) or server in self._refusing:
            return None
        if not (known or self._mode == "always"):
            return None
        asks = {"stream_options": {**(wanted or {}), "include_usage": True}}
        # the SDK lets `extra_body` win
        extra = getattr(options, "extra_json", None)
        place = "extra_json" if isinstance(extra, Mapping) and "stream_options" in extra else "json_data"
        sent = {**(getattr(options, place) or {}), **asks}
        return Asking(options=options.model_copy(update={place: sent}), server=server, known=known)

    def may_refuse(self, asking: Asking, error: Exception) -> bool:
        """Whether a server's error can be about the option, so that the user's own request is to be tried.

        A server that names the option is not asked again. One that does not say what is wrong is believed
        to mean the option until it has answered a request that has it.
        """
        status = getattr(error, "status_code", None)
        if not isinstance(status, int):
            return False
        if _NAMED.search(f"{error} {getattr(error, 'body', '')}"):
            self._refusing.add(asking.server)
            return True
        return status in _UNEXPLAINED and not asking.known and asking.server not in self._answering

    def answered(self, asking: Asking, *, refused: bool) -> None:
        """The server answered: the request that asks, or, where that was refused, the user's own."""
        (self._refusing if refused else self._answering).add(asking.server)


class UsageChunkFilter:
    """Takes the usage chunk out of a stream that would not have had one; all other bytes pass by lines."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self._took = False
        self._after_cr = False

    def feed(self, data: bytes) -> bytes:
        """What of some bytes, and of those held back before, passes now."""
        # a line can end with either or both; the other half of an end goes the way of its line
        half = self._after_cr and data.startswith(b"\n")
        passing = b"\n" if half and not self._took else b""
        lines = (self._rest + data[half:]).splitlines(keepends=True)
        self._rest = lines.pop() if lines and not lines[-1].endswith((b"\n", b"\r")) else b""
        self._after_cr = data.endswith(b"\r")
        return passing + b"".join(map(self._kept, lines))

    def flush(self) -> bytes:
        """What was held back at the end of the stream."""
        rest, self._rest = self._rest, b""
        return self._kept(rest)

    def _kept(self, line: bytes) -> bytes:
        is_data = line.startswith(b"data:")
        usage = is_data and _is_usage_chunk(line[5:])
        # with it goes the blank line that ends the event
        self._took = usage or (self._skipping and not line.strip())
        self._skipping = usage
        if self._took:
            return b""
        return _NULL_USAGE.sub(b"", line, count=1) if is_data else line


def _is_usage_chunk(data: bytes) -> bool:
    if _USAGE.search(data) is None:
        return False
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if not isinstance(chunk, Mapping) or not isinstance(chunk.get("usage"), Mapping):
        return False
    return not (chunk.get("choices") or chunk.get("error"))


def _server_of(client: Any, options: Any) -> str:
    """The client's base URL, or the URL of a request that has a whole one of its own."""
    url = str(options.url)
    return url if _HOST.match(url) else str(client.base_url)


def _is_openai(client: Any, server: str) -> bool:
    found = _HOST.match(server)
    host = found[1].lower() if found else ""
    if _OPENAI_HOST.fullmatch(host) or _AZURE_HOST.fullmatch(host):
        return True
    return is_azure(client) and server == str(client.base_url)


def is_azure(client: object) -> bool:
    """Whether a client is one of the SDK's for Azure."""
    return any(kind.__name__ == "BaseAzureClient" for kind in type(client).__mro__)
