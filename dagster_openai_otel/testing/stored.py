"""What the API keeps for later: finished objects, work that goes on in the background, files."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.billing import BilledCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object that a caller may ask for again."""

    final: Mapping[str, Json]
    """The object as it ends."""
    charge: BilledCall | None = None
    """What is billed when its work ends; `None` when it is billed already, or free."""
    polls_left: int = 0
    """How many more `GET`s it takes until its work has ended."""
    unfinished: Mapping[str, Json] = field(default_factory=dict)
    """The object while its work goes on."""
    content: bytes = b""
    """Of a file."""

    @property
    def state(self) -> Mapping[str, Json]:
        """The object as it is now."""
        return self.unfinished if self.polls_left else self.final


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a caller finds."""

    state: Mapping[str, Json]
    charge: BilledCall | None = None
    """What is billed because the work was found ended."""


_BEGINNINGS = ("queued", "validating")


class Store:
    """The objects of one server by id, in the order in which they were made. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, Stored] = {}

    def put(self, stored: Stored) -> None:
        """Keep an object under its id."""
        with self._lock:
            self._objects[stored.final["id"]] = stored

    def get(self, object_id: str) -> Stored | None:
        """An object, without a look at its work; `None` for an unknown id."""
        with self._lock:
            return self._objects.get(object_id)

    def all_of(self, kind: str) -> Sequence[Mapping[str, Json]]:
        """The objects of a kind, which is what they call `object`."""
        with self._lock:
            states = [stored.state for stored in self._objects.values()]
        return [state for state in states if state.get("object") == kind]

    def poll(self, object_id: str) -> Seen | None:
        """Look at an object, which is one look nearer to its end then; `None` for an unknown id."""
        with self._lock:
            stored = self._objects.get(object_id)
            if stored is None:
                return None
            left = max(0, stored.polls_left - 1)
            return self._advance(object_id, stored, left)

    def finish(self, object_id: str) -> Seen | None:
        """Wait until the work of an object has ended; `None` for an unknown id."""
        with self._lock:
            stored = self._objects.get(object_id)
            return None if stored is None else self._advance(object_id, stored, 0)

    def cancel(self, object_id: str, ending: Callable[[Stored], Stored]) -> Seen | None:
        """Stop the work of an object, where it goes on; `None` for an unknown id.

        Args:
            object_id: Of the object.
            ending: What becomes of it.
        """
        with self._lock:
            stored = self._objects.get(object_id)
            if stored is None:
                return None
            if stored.polls_left:
                stored = ending(stored)
            return self._advance(object_id, stored, stored.polls_left)

    def delete(self, object_id: str) -> bool:
        """Forget an object; tells whether there was one."""
        with self._lock:
            return self._objects.pop(object_id, None) is not None

    def _advance(self, object_id: str, stored: Stored, polls_left: int) -> Seen:
        charge = None if polls_left else stored.charge
        unfinished = stored.unfinished
        if unfinished.get("status") in _BEGINNINGS:
            unfinished = {**unfinished, "status": "in_progress"}
        now = replace(
            stored, polls_left=polls_left, unfinished=unfinished, charge=stored.charge if polls_left else None
        )
        self._objects[object_id] = now
        return Seen(state=now.state, charge=charge)
