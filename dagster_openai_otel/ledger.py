"""The ledger of a step: what each target has used so far. The only mutable state that threads share."""

import threading
from collections import deque
from dataclasses import dataclass

from dagster_openai_otel.tally import Tally

COMPACT_AT = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What usage is booked for. Both unset: whatever the step makes next."""

    asset_key: str | None = None
    """Parts joined by `/`."""
    partition_key: str | None = None

    def within(self, around: "Target") -> "Target":
        """This target, with what it leaves open taken from the one around it."""
        return Target(
            asset_key=around.asset_key if self.asset_key is None else self.asset_key,
            partition_key=around.partition_key if self.partition_key is None else self.partition_key,
        )


ANY = Target()


class Ledger:
    """Takes entries from any thread, also from the garbage collector in the middle of its own work.

    Adding is one append to a deque, which is atomic: a lock could deadlock, since a stream can end in
    the garbage collector while the same thread is in here.
    """

    def __init__(self) -> None:
        self._entries: deque[tuple[Target, Tally]] = deque()
        # may be taken again in its own thread, from the garbage collector
        self._folding = threading.RLock()
        self._fold_at = COMPACT_AT

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, target: Target, tally: Tally) -> None:
        """Book usage for a target."""
        self._entries.append((target, tally))
        if len(self._entries) >= self._fold_at and self._folding.acquire(blocking=False):
            try:
                folded = self._drain()
                self._entries.extend(folded.items())
                # with many targets there is little to fold
                self._fold_at = max(COMPACT_AT, 2 * len(folded))
            finally:
                self._folding.release()

    def take(self) -> dict[Target, Tally]:
        """Take out all that was booked since the last time, by target."""
        with self._folding:
            return self._drain()

    def _drain(self) -> dict[Target, Tally]:
        taken: dict[Target, Tally] = {}
        try:
            for _ in range(len(self._entries)):
                target, tally = self._entries.popleft()
                taken[target] = taken[target] + tally if target in taken else tally
        except IndexError:
            pass
        return taken
