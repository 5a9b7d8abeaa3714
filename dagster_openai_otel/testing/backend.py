"""`Backend`: what the fake API knows, and how it answers, apart from sockets."""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote, urlsplit

from dagster_openai_otel.testing.answers import Answer, Json, Request
from dagster_openai_otel.testing.billing import Bill
from dagster_openai_otel.testing.dispatch import reply_to
from dagster_openai_otel.testing.replies import Reply, failure
from dagster_openai_otel.testing.stored import Store

_KEY_HEADERS = ("authorization", "api-key")
_NO_RETRY = {"x-should-retry": "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A request that was recorded, and the answer that was chosen for it."""

    request: Request
    answer: Answer
    has_key: bool
    """Whether the caller sent an API key."""


class Backend:
    """Requests, scripted answers, stored objects and the ledger. Safe to use from any thread."""

    def __init__(self, answer: Callable[[Request], Answer | None] | None) -> None:
        self.bill = Bill()
        self._answer = answer
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._script: deque[Answer] = deque()
        self._store = Store()

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests in order of arrival."""
        with self._lock:
            return tuple(self._requests)

    def script(self, answers: tuple[Answer, ...]) -> None:
        """Queue answers for the next requests."""
        with self._lock:
            self._script.extend(answers)

    def arrive(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Arrival:
        """Record a request and choose its answer."""
        url = urlsplit(target)
        parsed = _parsed(body)
        with self._lock:
            request = Request(
                index=len(self._requests),
                method=method,
                path=unquote(url.path),
                query=dict(parse_qsl(url.query)),
                headers=headers | {name: "[removed]" for name in _KEY_HEADERS if name in headers},
                body=body,
                json=parsed,
            )
            self._requests.append(request)
            scripted = self._script.popleft() if self._script else None
        answer = scripted or self._chosen(request)
        return Arrival(request=request, answer=answer, has_key=_has_key(headers))

    def reply(self, arrival: Arrival) -> Reply:
        """Make the reply to a request."""
        request, answer = arrival.request, arrival.answer
        try:
            return reply_to(request, answer, self._store, has_key=arrival.has_key)
        except Exception as error:  # noqa: BLE001 # whatever it is, the test that caused it must see it
            message = f"FakeOpenAI cannot answer this request: {error!r}"
            return replace(failure(500, Answer(error_message=message)), headers=_NO_RETRY)

    def _chosen(self, request: Request) -> Answer:
        try:
            return (self._answer(request) if self._answer else None) or Answer()
        except Exception as error:  # noqa: BLE001 # whatever it is, the test that caused it must see it
            message = f"The `answer` given to FakeOpenAI raised {error!r}"
            return Answer(status=500, error_message=message, headers=_NO_RETRY)


def _has_key(headers: Mapping[str, str]) -> bool:
    bearer = headers.get("authorization", "").partition(" ")[2].strip()
    return bool(bearer or headers.get("api-key", "").strip())


def _parsed(body: bytes) -> Json:
    try:
        return json.loads(body)
    except ValueError:
        return None
