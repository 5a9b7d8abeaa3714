"""Reading what a stream of server-sent events says of itself, as its bytes pass."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from dagster_openai_otel.calls.answers import Answer, read
from dagster_openai_otel.calls.counts import value_of
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.usage import Usage

# An event that says more than a piece of the answer. Inside a text the quotes are escaped.
_TELLING = re.compile(
    rb'"(usage|error)"\s*:\s*[{"]|"finish_reason"\s*:\s*"|"response\.(completed|incomplete|failed)"'
)
_DONE = b"[DONE]"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ENDS = {"response.completed", "response.incomplete", "response.failed"}
# of images and of audio
_LAST = ("_generation.completed", "_edit.completed", "text.done", "audio.done")


class SseReader:
    """Reads server-sent events line by line; parses only those that tell something.

    Definition: the event stream format of the HTML standard; the events are those of the OpenAI API.

    Args:
        listener: Is given each event, all of which are parsed then.
    """

    sse = True

    def __init__(self, listener: Callable[[object], None] | None = None) -> None:
        self.answer = Answer()
        self._listener = listener
        self.complete = False
        """Whether the answer's usage is final, though its end may not have been read."""
        self._line = bytearray()
        self._after_cr = False
        self._data: list[bytes] = []
        self._begun = False
        self._usage_so_far: Usage | None = None
        self._apart = False
        """Whether the usage so far came in an event of its own."""
        self._choices = _Choices()

    def feed(self, data: bytes) -> None:
        """Read on, from wherever the bytes were cut; what comes after the end is not looked at."""
        if not data or self._tells_nothing(data):
            return
        if self._after_cr:
            data = data.removeprefix(b"\n")
        self._after_cr = data.endswith(b"\r")
        for part in data.splitlines(keepends=True):
            self._line += part
            if part.endswith((b"\n", b"\r")):
                line = bytes(self._line).rstrip(b"\r\n").removeprefix(_BYTE_ORDER_MARK)
                self._line.clear()
                self._read_line(line)

    def finish(self, *, whole: bool) -> Answer:
        """What the stream said.

        Args:
            whole: Whether it was read to its end, though the server may not have said that it is.
        """
        self.feed(b"\n\n")
        if whole and self._apart:
            self._end()
        return self.answer

    def _tells_nothing(self, data: bytes) -> bool:
        """Whether this is one whole event that need not be read, as most are: cutting lines takes longer."""
        return (
            self._begun
            and self._listener is None
            and not (self._line or self._data or self._after_cr)
            and data.endswith(b"\n\n")
            and data.count(b"data:") == 1
            and b"\r" not in data
            and _DONE not in data
            and _TELLING.search(data) is None
        )

    def _read_line(self, line: bytes) -> None:
        if self.complete:
            return
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            data = b"\n".join(self._data)
            self._data.clear()
            if data.startswith(_DONE):
                self._end()
            elif self._listener is not None or not self._begun or _TELLING.search(data) is not None:
                self._read_event(data)

    def _read_event(self, data: bytes) -> None:
        try:
            payload = json.loads(data)
        except (ValueError, RecursionError):
            return
        self._begun = True
        if self._listener is not None:
            with guarded("the completion on the span of a call"):
                self._listener(payload)
        self._choices.see(payload)
        said, choices = read(payload), value_of(payload, "choices")
        kind, pieces = value_of(payload, "type") if choices is None else None, bool(choices)
        if said.usage is not None:
            self._usage_so_far, self._apart = said.usage, not pieces
        final = self._is_final(kind, pieces=pieces, told=said.usage is not None)
        broke_off = bool(value_of(payload, "error"))
        reasons = self._choices.reasons or said.finish_reasons
        self.answer = self.answer.updated(
            replace(
                said,
                usage=self._usage_so_far if final else None,
                finish_reasons=reasons,
                broke_off=broke_off,
            )
        )
        self.complete = broke_off or (final and not pieces and (kind is None or kind in _ENDS))

    def _is_final(self, kind: object, *, pieces: bool, told: bool) -> bool:
        """Whether the usage so far is that of the whole answer: some servers say it in each event.

        That of a chat completion is final when all choices have ended, unless a piece of the answer said it
        before.
        """
        if kind is not None:
            return told and (kind in _ENDS or str(kind).endswith(_LAST))
        return self._choices.ended and (told or (pieces and self._apart))

    def _end(self) -> None:
        self.complete = True
        self.answer = self.answer.updated(Answer(usage=self.answer.usage or self._usage_so_far))


class _Choices:
    """The choices of a streamed chat completion, which come piece by piece."""

    def __init__(self) -> None:
        self._reasons: dict[int, str | None] = {}

    def see(self, payload: object) -> None:
        """Note which choices an event is about, and which of them it ends."""
        choices = value_of(payload, "choices")
        for choice in choices if isinstance(choices, Sequence) else ():
            index, reason = value_of(choice, "index"), value_of(choice, "finish_reason")
            place = index if isinstance(index, int) else 0
            self._reasons[place] = reason if isinstance(reason, str) else self._reasons.get(place)

    @property
    def ended(self) -> bool:
        """Whether there were choices, and all have ended."""
        return bool(self._reasons) and all(self._reasons.values())

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why those ended that have, in the order of the choices."""
        return tuple(reason for _, reason in sorted(self._reasons.items()) if reason)
