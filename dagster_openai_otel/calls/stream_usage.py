"""Asking for the usage of streams that did not, and taking out again what comes of it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from dagster_openai_otel.calls.counts import value_of
from dagster_openai_otel.calls.endpoints import Endpoint
from dagster_openai_otel.settings import StreamUsage

_STREAMS = {"/chat/completions", "/completions"}
_REFUSALS = {400, 422}
_AZURE_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
_NULL_USAGE = re.compile(rb',\s*"usage"\s*:\s*null')
_USAGE = re.compile(rb'"usage"\s*:\s*\{')


class UsageAsker:
    """Decides whether to ask, and remembers the servers that refuse.

    Args:
        mode: `auto` asks api.openai.com and Azure, `always` asks everybody, `never` nobody.
    """

    def __init__(self, mode: StreamUsage) -> None:
        self._mode = mode
        self._refused: set[str] = set()

    def asking(self, client: Any, endpoint: Endpoint, options: Any) -> Any:
        """The options of a request that asks for usage; `None` where it asks already, or is not to ask.

        Args:
            client: The client that sends the request.
            endpoint: Where it goes.
            options: The SDK's `FinalRequestOptions`, which stay as they are.
        """
        body = options.json_data
        if endpoint.template not in _STREAMS or value_of(body, "stream") is not True:
            return None
        asked = body.get("stream_options")
        if (asked is not None and "include_usage" in asked) or not self._may_ask(client):
            return None
        headers = options.headers if isinstance(options.headers, Mapping) else {}
        return options.model_copy(
            update={
                "json_data": {**body, "stream_options": {**(asked or {}), "include_usage": True}},
                # the chunk can only be taken out of a stream that is not compressed
                "headers": {**headers, "Accept-Encoding": "identity"},
            }
        )

    def refused(self, client: Any, error: Exception) -> bool:
        """Whether a server's error says that it does not know the option; if so, it is not asked again."""
        said = f"{error} {getattr(error, 'body', '')}"
        if getattr(error, "status_code", None) not in _REFUSALS or not (
            "stream_options" in said or "include_usage" in said
        ):
            return False
        self._refused.add(str(client.base_url))
        return True

    def _may_ask(self, client: Any) -> bool:
        if self._mode == "never" or str(client.base_url) in self._refused:
            return False
        return self._mode == "always" or _is_openai(client)


class UsageChunkFilter:
    """Takes the usage chunk out of a stream that would not have had one; all other bytes pass by lines."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> bytes:
        """What of some bytes, and of those held back before, passes now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return b"".join(self._kept(line) for line in lines)

    def flush(self) -> bytes:
        """What was held back at the end of the stream."""
        rest, self._rest = self._rest, b""
        return rest

    def _kept(self, line: bytes) -> bytes:
        if self._skipping and not line.strip():
            # the blank line that ends the event
            self._skipping = False
            return b""
        self._skipping = line.startswith(b"data:") and _is_usage_chunk(line[5:])
        if self._skipping:
            return b""
        return _NULL_USAGE.sub(b"", line, count=1) + b"\n"


def _is_usage_chunk(data: bytes) -> bool:
    if _USAGE.search(data) is None:
        return False
    try:
        chunk = json.loads(data)
    except ValueError:
        return False
    return bool(value_of(chunk, "choices") == [])


def _is_openai(client: Any) -> bool:
    host: str = client.base_url.host
    return host == "api.openai.com" or host.endswith(_AZURE_HOSTS) or is_azure(client)


def is_azure(client: object) -> bool:
    """Whether a client is one of the SDK's for Azure."""
    return any(kind.__name__ == "BaseAzureClient" for kind in type(client).__mro__)
