"""The API that the demo talks to: a stand-in on this machine, or the one that the environment names."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dagster_openai_otel.testing import Answer, Bill, FakeOpenAI, Request
from dagster_openai_otel.testing.answers import Json

VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL")
"""Where one of these is set, the demo talks to the real API."""
_TOPICS = {
    "checkout": "checkout",
    "payments": "payment|paid|refund",
    "delivery": "parcel|label",
    "product": "teapot|lid",
}
_URGENT = re.compile("stop|reliabl|do not|wrong", re.IGNORECASE)
_WAITING = re.compile("customer|refund|parcel|label|want", re.IGNORECASE)
_SHORT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API of a run of the demo."""

    name: str
    """What it is, in words."""
    bill: Bill | None
    """Its ledger; `None` for the real API, which shows none."""


@contextmanager
def chosen_api() -> Iterator[Api]:
    """The real API where the environment names one, else the stand-in, which the environment then names."""
    if any(os.environ.get(name) for name in VARIABLES):
        url = os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        yield Api(name=f"{url}, which may cost money", bill=None)
        return
    with FakeOpenAI(answer=answer) as api:
        os.environ.update(api.environment)
        try:
            yield Api(name="a stand-in on this machine; no key, no cost, nothing leaves it", bill=api.bill)
        finally:
            for name in VARIABLES:
                os.environ.pop(name, None)


def answer(request: Request) -> Answer:
    """What the stand-in says: sentences of the prompt, and what its words make it think.

    The third request is sent back once, as too many; answers take a moment, so that a trace has durations.
    """
    if request.index == 2:  # noqa: PLR2004  # early, while others are under way
        return Answer(status=429, retry_after=0.3)
    body = request.json or {}
    pause = 0.1 + 0.04 * (request.index % 4)
    question, text = _asked(body)
    fields = _wanted_fields(body)
    if "urgency" in fields:
        return Answer(parsed=_triage(text), hang=pause)
    if "grounded" in fields:
        reason = "Each sentence of the report has its source in the documents."
        return Answer(parsed={"grounded": True, "reason": reason}, hang=pause)
    if body.get("stream"):
        return Answer(text=_extract(question, text, 8), hang=pause, chunks=16, chunk_delay=0.05)
    return Answer(text=_extract(question, text, 2), hang=pause)


def _asked(body: Json) -> tuple[str, str]:
    """What is to be done, and the text that it is to be done with."""
    if "messages" in body:
        return body["messages"][0]["content"], body["messages"][-1]["content"]
    text = str(body.get("input"))
    if "instructions" in body:
        return body["instructions"], text
    text, _, question = text.rpartition("\n\n")
    return question, text


def _wanted_fields(body: Json) -> set[str]:
    """The fields of the structured output that is asked for; none for plain text."""
    wanted = body.get("response_format", {}).get("json_schema") or body.get("text", {}).get("format", {})
    return set(wanted.get("schema", {}).get("properties", ()))


def _triage(text: str) -> dict[str, Json]:
    counts = {topic: len(re.findall(words, text, re.IGNORECASE)) for topic, words in _TOPICS.items()}
    return {
        "topic": max(counts, key=lambda topic: counts[topic]) if any(counts.values()) else "mixed",
        "urgency": "high" if _URGENT.search(text) else "medium",
        "customers_wait": bool(_WAITING.search(text)),
    }


def _extract(question: str, text: str, length: int) -> str:
    """The sentences of a text that share most words with a question, in the order of the text."""
    prose = [part for part in text.split("\n\n") if not part.lstrip().startswith("#")]
    sentences = re.split(r"(?<=[.?!])\s+", re.sub(r"[*\s]+", " ", " ".join(prose)).strip())
    # dates and names stand in short ones
    sentences = [sentence for sentence in sentences if len(sentence) > _SHORT] or sentences
    words = _long_words(question.partition("?")[0])
    shared = [len(words & _long_words(sentence)) for sentence in sentences]
    best = sorted(range(len(sentences)), key=lambda place: -shared[place])[:length]
    return " ".join(sentences[place] for place in sorted(best))


def _long_words(text: str) -> set[str]:
    return set(re.findall(r"\w{5,}", text.lower()))
