"""Work that the API does on its own time: background Responses, batches, runs of assistants.

Such a piece of work is made by one request and finished when another looks; its usage counts once.
"""

from collections import OrderedDict
from typing import TypeVar

from opentelemetry.trace import Span

from dagster_openai_otel.calls.answers import Answer
from dagster_openai_otel.processor import Claim, claim_of, hand_over

Value = TypeVar("Value")

_UNFINISHED = {
    "queued",
    "in_progress",
    "validating",
    "finalizing",
    "requires_action",
    "cancelling",
}
_WORK = {"batch", "thread.run", "eval.run"}
_REMEMBERED = 10_000


class Jobs:
    """Remembers what was begun here and what has been counted, by the id of the answer."""

    def __init__(self) -> None:
        self._begun: OrderedDict[str, Claim] = OrderedDict()
        self._counted: OrderedDict[str, None] = OrderedDict()

    def counts(self, span: Span, answer: Answer, *, made: bool) -> bool:
        """Whether a request is the one that a piece of work is counted with.

        It is counted when it is first seen finished, for the step that began it where that step is still
        known here, else for the one that looks. What another process has finished in the foreground was
        counted there. What failed without usage is free.

        Args:
            span: The span of the request, which has not ended.
            answer: What the API said of the work.
            made: Whether the request made it, and did not only look at it.
        """
        key = answer.response_id
        if key is None:
            return made
        aside = answer.background is True or answer.kind in _WORK
        if aside and answer.status in _UNFINISHED:
            if made:
                self._begin(key, span)
            return False
        begun = self._begun.pop(key, None)
        if begun is not None:
            hand_over(span, begun, key)
        if answer.status == "failed" and answer.usage is None:
            return False
        first = key not in self._counted
        _remember(self._counted, key, None)
        if made or begun is not None:
            # some servers give one id to several answers
            return made or first
        return first and aside and answer.usage is not None

    def _begin(self, key: str, span: Span) -> None:
        claim = claim_of(span)
        # some servers give an id that they have given before
        self._counted.pop(key, None)
        if claim is not None:
            _remember(self._begun, key, claim)
            if claim.scope is not None:
                claim.scope.open_calls.add(key)


def _remember(memory: OrderedDict[str, Value], key: str, value: Value) -> None:
    """Put something into a memory that forgets the oldest."""
    memory[key] = value
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)
