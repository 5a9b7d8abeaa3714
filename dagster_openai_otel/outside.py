"""Calls that belong to no step, run or tick: counted, and told in the log with where they came from."""

import atexit
import logging
import threading

from dagster_openai_otel.conventions import SCOPE
from dagster_openai_otel.ledger import ANY, Ledger
from dagster_openai_otel.tally import Sums, Tally
from dagster_openai_otel.words import count as in_words, phrase

_MESSAGE = "calls of the OpenAI API outside any Dagster step are in no event log"

_logger = logging.getLogger(SCOPE)
_ledger = Ledger()
_places: set[str] = set()
# taken again in its own thread by the garbage collector; never held while something is logged
_counting = threading.RLock()
_used = Sums()
_told = Sums()


def count(tally: Tally, place: str) -> None:
    """Count what a call used; the first one of a place is told at once, the others when the process ends."""
    global _told  # noqa: PLW0603  # of the process, as the calls are
    _ledger.add(ANY, tally)
    if place in _places:
        return
    if not _places:
        atexit.register(_tell_rest)
    _places.add(place)
    _told = used()
    _logger.warning("%s: %s. So far: %s", _MESSAGE, place, phrase(_told))


def used() -> Sums:
    """What this process used outside so far."""
    global _used  # noqa: PLW0603  # of the process, as the calls are
    with _counting:
        _used += _ledger.take().get(ANY, Tally()).sums
        return _used


def _tell_rest() -> None:
    """Tell what came since the last place was told."""
    if used() != _told:
        places = in_words(len(_places), "place")
        _logger.warning("%s. In all, from %s: %s", _MESSAGE, places, phrase(used()))
