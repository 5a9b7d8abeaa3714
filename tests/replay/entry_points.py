"""The ways into the SDK that fit an answer, for sync and async clients alike."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import openai

from tests.calls.either import all_of, got, opened
from tests.replay.answers import HEADER, Recorded
from tests.replay.documented import ASKED_MODEL

MESSAGES = [{"role": "user", "content": "Hello."}]


@dataclass(frozen=True, kw_only=True)
class _Resource:
    """A part of the SDK that asks one endpoint."""

    path: str
    """Of the attribute of the client."""
    method: str
    arguments: Mapping[str, Any]


_RESOURCES = {
    "/chat/completions": _Resource(
        path="chat.completions", method="create", arguments={"model": ASKED_MODEL, "messages": MESSAGES}
    ),
    "/completions": _Resource(
        path="completions", method="create", arguments={"model": ASKED_MODEL, "prompt": "Hello."}
    ),
    "/responses": _Resource(
        path="responses", method="create", arguments={"model": ASKED_MODEL, "input": "Hello."}
    ),
    "/embeddings": _Resource(
        path="embeddings", method="create", arguments={"model": ASKED_MODEL, "input": "Hello."}
    ),
    "/images/generations": _Resource(
        path="images", method="generate", arguments={"model": ASKED_MODEL, "prompt": "A cat."}
    ),
}


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One request for a recorded answer."""

    client: Any
    number: int
    """Place of the answer in what the stand-in serves."""
    recorded: Recorded

    @property
    def endpoint(self) -> str:
        """The path without what comes before the endpoint's own name."""
        path = self.recorded.path.removeprefix("/openai").removeprefix("/v1")
        return "/" + path.split("/", 3)[3] if path.startswith("/deployments/") else path

    def asked(self, **how: bool) -> Any:
        """Ask with the method of the SDK; the keyword names the variant: `raw`, `streaming`, or none."""
        resource = _RESOURCES[self.endpoint]
        owner = self.client
        for name in (*resource.path.split("."), *(f"with_{name}_response" for name in how)):
            owner = getattr(owner, name)
        stream = {"stream": True} if self.recorded.streamed else {}
        return getattr(owner, resource.method)(
            **resource.arguments, **stream, extra_headers={HEADER: str(self.number)}
        )

    def posted(self) -> Any:
        """Ask with `client.post` or `client.get`, of which the one fits every answer."""
        options = {"headers": {HEADER: str(self.number)}}
        if self.recorded.method == "GET":
            return self.client.get(self.endpoint, cast_to=object, options=options)
        body: dict[str, Any] = {"model": ASKED_MODEL}
        if not self.recorded.streamed:
            return self.client.post(self.endpoint, cast_to=object, body=body, options=options)
        kind: Any = openai.AsyncStream if hasattr(self.client, "__aenter__") else openai.Stream
        return self.client.post(
            self.endpoint,
            cast_to=object,
            body={**body, "stream": True},
            options=options,
            stream=True,
            stream_cls=kind[object],
        )


async def plain(asking: Asking) -> None:
    await _iterated(asking, await got(asking.asked()))


async def raw(asking: Asking) -> None:
    response = await got(asking.asked(raw=True))
    if asking.recorded.streamed:
        await _iterated(asking, await got(response.parse()))
    else:
        assert response.text == asking.recorded.body


async def streaming(asking: Asking) -> None:
    async with opened(asking.asked(streaming=True)) as response:
        body = b"".join(await all_of(response.iter_bytes(chunk_size=1000)))
    assert body.decode() == asking.recorded.body


async def posted(asking: Asking) -> None:
    await _iterated(asking, await got(asking.posted()))


async def _iterated(asking: Asking, result: Any) -> None:
    if asking.recorded.streamed:
        await all_of(result)


EntryPoint = Callable[[Asking], Coroutine[Any, Any, None]]
ENTRY_POINTS: tuple[EntryPoint, ...] = (plain, raw, streaming, posted)


def fits(entry_point: EntryPoint, asking: Asking) -> bool:
    """Whether an entry point can ask for an answer."""
    return entry_point is posted or asking.endpoint in _RESOURCES
