"""What a row of the matrix is, and how rows are put into a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any

import openai

from dagster_openai_otel.settings import StreamUsage
from dagster_openai_otel.testing import Answer, FakeOpenAI
from tests.calls.clients import KINDS, trusted
from tests.calls.either import all_of, got
from tests.calls.ways import Outcome
from tests.calls.ways_chat import CHAT_WAYS
from tests.calls.ways_others import OTHER_WAYS
from tests.calls.ways_raw import RAW_WAYS

Call = Callable[[Any], Any]
"""Makes a call with a client of either kind; what it returns, or what it is awaited for, is the result."""

SYNC = ("sync",)
ASYNC = ("async",)
AZURE = ("azure", "async azure")

PROMPT = "Name the capital of Norway, please."
SILENT = Answer(chunk_delay=60)
"""A stream of one event, and then silence for as long as the client stays."""
KEPT: list[Any] = []
"""What the user holds on to until after the client was closed."""


def _no_options(_api: Any, _kind: str) -> Mapping[str, Any]:
    return {}


def _the_same(bare: Outcome) -> Sequence[Any]:
    return bare.requests


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of call."""

    name: str
    """What the call is; `async` before it where the client is async."""
    kind: str
    """Of the client: `sync`, `async`, `azure`, `async azure`."""
    call: Call
    answers: tuple[Answer, ...]
    """What the stand-in says, where that is not its default."""
    needs: str = ""
    """A dotted attribute of the client that not every SDK has."""
    options: Callable[[Any, str], Mapping[str, Any]] = _no_options
    """Arguments of the client, by the stand-in and the kind of client."""
    raises: str = ""
    """Name of the exception that the user gets; names with `|` between them where SDKs differ."""
    open_calls: int = 0
    """Calls that are still open at the end."""
    stream_usage: StreamUsage = "never"
    sends: Callable[[Outcome], Sequence[Any]] = _the_same
    """What the server is to see, from what it sees of the bare SDK."""
    stand_in: Callable[[], Any] = FakeOpenAI
    """What answers."""

    @property
    def is_in_this_sdk(self) -> bool:
        """Whether the installed SDK can make the call."""
        return not self.needs or _has(self.needs)


@cache
def _has(path: str) -> bool:
    with openai.OpenAI(api_key="test-key", http_client=openai.DefaultHttpxClient(verify=trusted())) as client:
        try:
            attrgetter(path)(client)
        except AttributeError:
            return False
        return True


@dataclass(frozen=True)
class Table:
    """The rows of a family."""

    rows: list[Row] = field(default_factory=list)

    def add(self, name: str, call: Call, *answers: Answer, kinds: Sequence[str] = KINDS, **more: Any) -> None:
        """Add a row for each kind of client."""
        for kind in kinds:
            prefix = "async " if kind.startswith("async") else ""
            self.rows.append(Row(name=prefix + name, kind=kind, call=call, answers=answers, **more))

    def add_way(self, name: str, steps: Call, **more: Any) -> None:
        """Add rows for a way of calling that stands in another table too, with its answers."""
        (way,) = [way for way in (*CHAT_WAYS, *RAW_WAYS, *OTHER_WAYS) if way.steps is steps]
        self.add(name, steps, *way.answers, **more)

    def row(self, name: str, *answers: Answer, **more: Any) -> Callable[[Call], Call]:
        """Add rows for the function that follows."""

        def add(call: Call) -> Call:
            self.add(name, call, *answers, **more)
            return call

        return add


async def read(stream: Any) -> list[Any]:
    """All events of a stream."""
    return await all_of(await got(stream))
