"""Responses that the API keeps: finished ones, and those that run in the background."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.billing import BilledCall


@dataclass(slots=True, kw_only=True)
class StoredResponse:
    """A response that a caller may ask for again."""

    final: Mapping[str, Json]
    """The response object as it ends."""
    charge: BilledCall | None = None
    """What is billed when it ends in the background; `None` when it is billed already, or free."""
    polls_left: int = 0
    """How many more `GET`s it takes until it has ended."""
    unfinished: Mapping[str, Json] = field(default_factory=dict)
    """The response object while it runs."""


class StoredResponses:
    """The responses of one server by id. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._responses: dict[str, StoredResponse] = {}

    def put(self, stored: StoredResponse) -> None:
        """Keep a response under its id."""
        with self._lock:
            self._responses[stored.final["id"]] = stored

    def poll(self, response_id: str) -> tuple[Mapping[str, Json], BilledCall | None] | None:
        """The state of a response, and the charge if it ended just now; `None` for an unknown id."""
        with self._lock:
            stored = self._responses.get(response_id)
            if stored is None:
                return None
            stored.polls_left = max(0, stored.polls_left - 1)
            if stored.polls_left:
                return {**stored.unfinished, "status": "in_progress"}, None
            charge, stored.charge = stored.charge, None
            return stored.final, charge

    def cancel(self, response_id: str) -> Mapping[str, Json] | None:
        """Stop a response that still runs, for free; `None` for an unknown id."""
        with self._lock:
            stored = self._responses.get(response_id)
            if stored is None:
                return None
            if stored.polls_left:
                stored.final = {**stored.unfinished, "status": "cancelled"}
                stored.polls_left, stored.charge = 0, None
            return stored.final

    def delete(self, response_id: str) -> bool:
        """Forget a response; tells whether there was one."""
        with self._lock:
            return self._responses.pop(response_id, None) is not None
