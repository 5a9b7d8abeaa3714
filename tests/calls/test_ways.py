"""Every way of calling the API: what is booked is what was billed, and the user sees the bare SDK."""

from dataclasses import dataclass
from typing import Any

import pytest

from dagster_openai_otel import faults
from dagster_openai_otel.scope import StepScope, entered
from dagster_openai_otel.testing import FakeOpenAI
from tests.calls.books import booked
from tests.calls.clients import KINDS
from tests.calls.instrumenting import not_instrumented
from tests.calls.ways import Outcome, Way, outcome
from tests.calls.ways_chat import CHAT_WAYS
from tests.calls.ways_others import OTHER_WAYS
from tests.calls.ways_raw import RAW_WAYS
from tests.events import billed


@dataclass(frozen=True, kw_only=True)
class Played:
    """One way of calling, with the library and without."""

    bare: Outcome
    instrumented: Outcome
    booked: dict[str, Any]
    billed: dict[str, Any]


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(
    scope="module", params=[*CHAT_WAYS, *RAW_WAYS, *OTHER_WAYS], ids=lambda way: getattr(way, "name", None)
)
def played(request, kind: str, instrumented: None) -> Played:
    way: Way = request.param
    scope = StepScope(run_id="", step_key="poem")
    with faults.raised(), entered(scope):
        with not_instrumented(), FakeOpenAI() as api:
            bare = outcome(way.steps, kind, api, *way.answers)
        with FakeOpenAI() as api:
            instrumented_outcome = outcome(way.steps, kind, api, *way.answers)
    return Played(bare=bare, instrumented=instrumented_outcome, booked=booked(scope), billed=billed(api.bill))


def test_what_a_call_uses_is_booked_as_it_was_billed(played):
    assert played.booked == played.billed


def test_a_call_returns_or_raises_the_same_as_with_the_bare_sdk(played):
    assert played.instrumented.result == played.bare.result


def test_a_call_sends_the_same_as_with_the_bare_sdk(played):
    assert played.instrumented.requests == played.bare.requests
