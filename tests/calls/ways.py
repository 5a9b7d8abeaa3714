"""What a way of calling the API is, and how two runs of it are compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, FakeOpenAI
from tests.calls.clients import Steps, run

MODEL = "gpt-5-mini"
MESSAGES: list[Any] = [{"role": "user", "content": "Name the capital of Norway, please."}]
USAGE_WANTED: dict[str, Any] = {"include_usage": True}
CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
STREAM: dict[str, Any] = {**CHAT, "stream": True, "stream_options": USAGE_WANTED}

# the port differs from server to server
_VOLATILE = {"host"}


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way of calling the API, for sync and async clients alike."""

    steps: Steps[Any]
    answers: tuple[Answer, ...]
    """What the stand-in says, where that is not its default."""

    @property
    def name(self) -> str:
        return str(self.steps.__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the user sees of a call, and what the server sees."""

    result: Any
    requests: list[Any]


def way(ways: list[Way], *answers: Answer) -> Callable[[Steps[Any]], Steps[Any]]:
    """Put the steps that follow into a table."""

    def register(steps: Steps[Any]) -> Steps[Any]:
        ways.append(Way(steps=steps, answers=answers))
        return steps

    return register


def outcome(steps: Steps[Any], kind: str, api: FakeOpenAI, *answers: Answer, **options: Any) -> Outcome:
    """Run steps, and tell what came of it, in values that can be compared."""
    api.script(*answers)
    try:
        result = plain(run(steps, kind, api, **options))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the result
        result = (type(error), str(error))
    return Outcome(result=result, requests=[_sent(request) for request in api.requests])


def plain(value: Any) -> Any:
    """A value of the SDK as plain data, with all that it says of itself."""
    if isinstance(value, BaseModel):
        said = value.model_dump(exclude_unset=True, warnings=False)
        return (type(value).__name__, getattr(value, "_request_id", None), said)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _sent(request: Any) -> tuple[Any, ...]:
    headers = {name: value for name, value in request.headers.items() if name not in _VOLATILE}
    return (request.method, request.path, request.query, headers, request.body)
