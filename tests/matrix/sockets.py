"""A stand-in for the endpoints of the API that speak over a websocket, with a ledger."""

import json
import threading
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from dagster_openai_otel.testing import Answer, Bill, BilledCall, Request
from dagster_openai_otel.testing.billing import price
from dagster_openai_otel.testing.dispatch import reply_to
from dagster_openai_otel.testing.replies import Streamed
from dagster_openai_otel.testing.stored import Store
from dagster_openai_otel.usage import Usage

SPEAKING, HEARING, LIVING, TRANSLATING = (
    "gpt-realtime",
    "gpt-4o-transcribe",
    "gpt-live-1",
    "gpt-realtime-translate",
)
_LIVE = {"id": "live_1", "object": "live.session", "model": LIVING, "status": "active", "expires_at": 1}
_TOLD = {"input_tokens": 14, "output_tokens": 45, "total_tokens": 59}
_SESSION = {
    "id": "sess_1",
    "object": "realtime.session",
    "type": "realtime",
    "model": SPEAKING,
    "audio": {"input": {"transcription": {"model": HEARING}}},
}
_SPOKEN = Usage(
    input_tokens=40,
    output_tokens=30,
    total_tokens=70,
    cached_input_tokens=16,
    input_audio_tokens=30,
    cached_audio_tokens=8,
    output_audio_tokens=20,
)
_HEARD = Usage(input_tokens=14, output_tokens=45, total_tokens=59, input_audio_tokens=10)
_DELEGATED = Usage(input_tokens=14, output_tokens=45, total_tokens=59)
# new for each connection
_VOLATILE = {"sec-websocket-key"}


class FakeSockets:
    """`/realtime` and `/live`, which say and bill always the same; `/responses` answers as over HTTP."""

    def __init__(self) -> None:
        self.bill = Bill()
        self.requests: list[Request] = []
        self._answers: list[Answer] = []
        self._store = Store()
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self._server = serve(self._serve, "127.0.0.1", 0, compression=None)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._thread.join()

    @property
    def base_url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.socket.getsockname()[1]}/v1"

    def script(self, *answers: Answer) -> None:
        self._answers.extend(answers)

    def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        url = urlsplit(connection.request.path)
        headers = {name.lower(): value for name, value in connection.request.headers.raw_items()}
        headers = {name: value for name, value in headers.items() if name not in _VOLATILE}
        self._arrived("GET", url.path, dict(parse_qsl(url.query)), headers, b"")
        try:
            if url.path.endswith("/realtime"):
                connection.send(json.dumps({"type": "session.created", "event_id": "1", "session": _SESSION}))
            for message in connection:
                body = message if isinstance(message, bytes) else message.encode()
                request = self._arrived("MESSAGE", url.path, {}, {}, body)
                places = {"realtime": self._spoken, "translations": self._lived, "sessions": self._lived}
                answers = places.get(url.path.rpartition("/")[2], self._responded)(request)
                for answer in answers:
                    connection.send(answer)
        except ConnectionClosed:
            pass

    def _arrived(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> Request:
        request = Request(
            index=len(self.requests),
            method=method,
            path=path,
            query=query,
            headers=headers,
            body=body,
            json=json.loads(body) if body else None,
        )
        self.requests.append(request)
        return request

    def _spoken(self, request: Request) -> Iterator[str]:
        """What is heard, which is transcribed, and what is said to it."""
        match request.json["type"]:
            case "input_audio_buffer.commit":
                self._charge(request, HEARING, _HEARD)
                yield json.dumps(
                    {
                        "type": "conversation.item.input_audio_transcription.completed",
                        "event_id": "2",
                        "item_id": "item_1",
                        "content_index": 0,
                        "transcript": "Oslo?",
                        "usage": {
                            "type": "tokens",
                            "input_tokens": 14,
                            "input_token_details": {"text_tokens": 4, "audio_tokens": 10},
                            "output_tokens": 45,
                            "total_tokens": 59,
                        },
                    }
                )
            case "response.create":
                response = {"id": f"resp_{request.index}", "object": "realtime.response", "output": []}
                begun = {**response, "status": "in_progress", "usage": None}
                yield json.dumps({"type": "response.created", "event_id": "3", "response": begun})
                if self._answers:
                    self._answers.pop(0)
                    self._charge(request, SPEAKING, _SPOKEN, reported=False)
                    return
                delta = {"delta": "Oslo", "item_id": "item_2", "output_index": 0, "content_index": 0}
                yield json.dumps({"type": "response.output_text.delta", "event_id": "4", **delta})
                self._charge(request, SPEAKING, _SPOKEN)
                done = {**response, "status": "completed", "usage": _spoken_usage()}
                yield json.dumps({"type": "response.done", "event_id": "5", "response": done})

    def _lived(self, request: Request) -> Iterator[str]:
        """A session that is billed by its length, and what it delegates; a translation says nothing."""
        kind, is_live = request.json["type"], "live" in request.path
        if kind == "session.start":
            yield json.dumps({"type": "session.started", "event_id": "1", "session": _LIVE})
            self._charge(request, "gpt-5-mini", _DELEGATED)
            response: dict[str, Any] = {
                "id": "resp_1",
                "object": "response",
                "model": "gpt-5-mini",
                "usage": None,
            }
            for status in ("created", "completed"):
                event = {"type": f"response.{status}", "response": {**response, "status": status}}
                yield json.dumps({"type": "response.event", "event_id": "2", "event": event})
                response["usage"] = _TOLD
            self._charge(request, "gpt-6-luna", _DELEGATED)
            decision = {"id": "dec_1", "object": "decision", "model": "gpt-6-luna", "usage": _TOLD}
            event = {"type": "decision.completed", "decision": decision}
            yield json.dumps({"type": "decision.event", "event_id": "3", "event": event})
            self._charge(request, LIVING, Usage(), seconds=90.5, reported=not self._answers)
            for seconds in (30, 60):
                so_far = {"type": "session.usage.updated", "event_id": "4", "usage": {"seconds": seconds}}
                yield json.dumps(so_far)
        elif kind == "session.close":
            closed: dict[str, Any] = {"type": "session.closed", "event_id": "5"}
            if is_live:
                closed |= {"session": _LIVE, "reason": "close_requested", "usage": {"seconds": 90.5}}
            else:
                self._charge(request, TRANSLATING, Usage(), reported=False)
            yield json.dumps(closed)

    def _charge(
        self,
        request: Request,
        model: str,
        usage: Usage,
        *,
        seconds: float | None = None,
        reported: bool = True,
    ) -> None:
        call = BilledCall(
            endpoint="realtime",
            model=model,
            service_tier=None,
            usage=usage,
            cost_usd=price(model, usage, audio_seconds=seconds),
            reported=reported,
            streamed=True,
            azure=False,
            request=request.index,
            response_id=None,
            audio_seconds=seconds,
        )
        self.bill.charge(call)

    def _responded(self, request: Request) -> Iterator[bytes]:
        """The events that the same request has over HTTP."""
        posted = Request(
            index=request.index,
            method="POST",
            path=request.path,
            query={},
            headers={},
            body=b"",
            json={**request.json, "stream": True},
        )
        answer = self._answers.pop(0) if self._answers else Answer()
        reply = reply_to(posted, answer, self._store, has_key=True)
        assert isinstance(reply, Streamed)
        entry = None if reply.charge is None else self.bill.charge(reply.charge)
        for event in reply.events:
            if entry is not None and event.reports_usage:
                entry.set_reported(reported=True)
            yield event.data.partition(b"data: ")[2].strip()


def _spoken_usage() -> dict[str, Any]:
    return {
        "input_tokens": 40,
        "input_token_details": {
            "text_tokens": 10,
            "audio_tokens": 30,
            "image_tokens": 0,
            "cached_tokens": 16,
            "cached_tokens_details": {"text_tokens": 8, "audio_tokens": 8, "image_tokens": 0},
        },
        "output_tokens": 30,
        "output_token_details": {"text_tokens": 10, "audio_tokens": 20},
        "total_tokens": 70,
    }
