"""An API without a network: a transport for the SDK's HTTP client that has its answers ready."""

import base64
import importlib
import json
import random
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import openai

# httpx of openai 2, httpx2 of openai 3
http: Any = importlib.import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])

CHUNKS = 100
TEXTS = 100
DIMENSIONS = 1536
_MODEL = "gpt-5-mini-2025-08-07"
_WORDS = "The harbour was quiet, and the first boats came in before the sun had reached the roofs. "


class _Events(http.SyncByteStream):  # type: ignore[misc]  # httpx of either SDK
    def __init__(self, events: Sequence[bytes]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._events)


class Stub(http.BaseTransport):  # type: ignore[misc]  # httpx of either SDK
    """Answers each request by its path, with bytes that were made before."""

    def __init__(self) -> None:
        self._bodies: Mapping[str, bytes] = {
            "/v1/chat/completions": _json(_chat()),
            "/v1/responses": _json(_response()),
            "/v1/embeddings": _json(_embeddings()),
        }
        self._events = [b"data: " + _json(chunk) + b"\n\n" for chunk in _chunks()] + [b"data: [DONE]\n\n"]

    def handle_request(self, request: Any) -> Any:
        """The answer; streams come event by event."""
        if b'"stream":true' in request.content:
            return http.Response(
                200, headers={"content-type": "text/event-stream"}, stream=_Events(self._events)
            )
        body = self._bodies[request.url.path]
        return http.Response(200, headers={"content-type": "application/json"}, content=body)


def client() -> openai.OpenAI:
    """A client of the SDK that asks the stub."""
    return openai.OpenAI(
        api_key="benchmark",
        base_url="http://api.invalid/v1",
        http_client=http.Client(transport=Stub()),
        max_retries=0,
    )


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chat() -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": _WORDS * 4, "refusal": None, "annotations": []}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": _MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _usage("prompt", "completion"),
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _chunks() -> Iterator[dict[str, Any]]:
    rest = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": _MODEL}
    rest |= {"service_tier": "default", "system_fingerprint": None}
    for number in range(CHUNKS):
        delta = {"role": "assistant", "content": ""} if number == 0 else {"content": f" word{number}"}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        yield {**rest, "choices": [choice], "usage": None}
    yield {**rest, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None}
    yield {**rest, "choices": [], "usage": _usage("prompt", "completion")}


def _response() -> dict[str, Any]:
    content = [{"type": "output_text", "text": _WORDS * 4, "annotations": [], "logprobs": []}]
    message = {
        "id": "msg_1",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": content,
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "background": False,
        "error": None,
        "model": _MODEL,
        "output": [{"id": "rs_1", "type": "reasoning", "summary": []}, message],
        "parallel_tool_calls": True,
        "service_tier": "default",
        "tool_choice": "auto",
        "tools": [],
        "usage": _usage("input", "output"),
    }


def _embeddings() -> dict[str, Any]:
    """Vectors in base64, as the SDK asks for them by itself."""
    source = random.Random(0)  # noqa: S311  # the same vectors in each run
    vectors = ([source.uniform(-1, 1) for _ in range(DIMENSIONS)] for _ in range(TEXTS))
    packed = [base64.b64encode(struct.pack(f"<{DIMENSIONS}f", *vector)).decode() for vector in vectors]
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(packed)],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 1200, "total_tokens": 1200},
    }


def _usage(into: str, out_of: str) -> dict[str, Any]:
    return {
        f"{into}_tokens": 1200,
        f"{out_of}_tokens": 340,
        "total_tokens": 1540,
        f"{into}_tokens_details": {"cached_tokens": 1024},
        f"{out_of}_tokens_details": {"reasoning_tokens": 128},
    }
