"""Clients of the SDK that are lent to a step: what they ask for is booked for it, from whatever thread."""

from typing import TYPE_CHECKING, TypeVar

from dagster_openai_otel.calls.requests import bind
from dagster_openai_otel.ledger import ANY, Target
from dagster_openai_otel.scope import StepScope

if TYPE_CHECKING:
    import openai

Client = TypeVar("Client", "openai.OpenAI", "openai.AsyncOpenAI")


def lend(client: Client, scope: StepScope, target: Target = ANY) -> Client:
    """A copy of a client, with the same connections, whose requests are booked for a step.

    Copies that the user makes of it (`with_options`) are booked alike.

    Args:
        client: The client to copy.
        scope: The step.
        target: What of the step; `ANY` leaves it to where a request is sent from.
    """
    lent = client.copy()
    _bind(lent, scope, target)
    return lent


def _bind(client: Client, scope: StepScope, target: Target) -> None:
    def copied(*args: object, **kwargs: object) -> Client:
        copy: Client = type(client).copy(client, *args, **kwargs)  # type: ignore[arg-type]  # passed on
        _bind(copy, scope, target)
        return copy

    bind(client, scope, target)
    client.copy = client.with_options = copied  # type: ignore[method-assign]  # on this one only
