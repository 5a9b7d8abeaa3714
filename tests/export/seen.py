"""What is seen of a child of the nursery."""

from dagster_openai_otel.testing import FakeOpenAI
from tests.events import billed
from tests.export.nursery import Outcome


def assert_green(outcome: Outcome, api: FakeOpenAI) -> None:
    shown = {**billed(api.bill), "cost_usd": str(billed(api.bill)["cost_usd"])}
    assert outcome.answer["success"]
    assert outcome.answer["usage"] == shown
    assert outcome.status == 0


def warnings_of(outcome: Outcome) -> list[str]:
    """The lines of the log that are not Dagster's own of the run."""
    return [line for line in outcome.log.splitlines() if " - dagster - " not in line and line.strip()]
