"""Recorded answers of the API, and the stand-in that serves them as they are."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dagster_openai_otel.testing import Answer, FakeOpenAI, Request

HEADER = "x-recorded-answer"


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One answer that the API gave, and the request it was given to."""

    name: str
    """Where it was recorded."""
    method: str
    path: str
    """Path of the URL, `/v1/chat/completions`."""
    azure: bool
    status: int
    content_type: str
    body: str

    @property
    def streamed(self) -> bool:
        """Whether it is a stream: recordings do not always name the content type that it had."""
        return self.status < 400 and self.body.lstrip().startswith(("data:", "event:"))


def load(path: str) -> list[Recorded]:
    """Read a file of JSON lines, gzipped."""
    with gzip.open(Path(path), "rt", encoding="utf-8") as lines:
        return [_recorded(json.loads(line)) for line in lines]


@contextmanager
def served(answers: Sequence[Recorded]) -> Iterator[FakeOpenAI]:
    """A stand-in that gives the answer whose place in the list the request's header names."""

    def answer(request: Request) -> Answer:
        recorded = answers[int(request.headers[HEADER])]
        return Answer(raw=(recorded.content_type, recorded.body.encode()), status=recorded.status)

    with FakeOpenAI(answer=answer) as api:
        yield api


def _recorded(row: Mapping[str, object]) -> Recorded:
    return Recorded(
        name=f"{row['source']} {row['n']}",
        method=str(row["method"]),
        path=str(row["path"]).partition("?")[0],
        azure=bool(row["azure"]),
        status=int(str(row["status"])),
        content_type=str(row["content_type"]),
        body=str(row["body"]),
    )
