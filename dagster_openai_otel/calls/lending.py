"""Clients of the SDK that are lent to a step: what they ask for is booked for it, from whatever thread."""

from typing import TYPE_CHECKING, TypeVar

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from dagster_openai_otel.ledger import ANY, Target
from dagster_openai_otel.scope import StepScope, find_target, with_scope

if TYPE_CHECKING:
    import openai

_BOUND = "_dagster_openai_otel_bound"

Client = TypeVar("Client", "openai.OpenAI", "openai.AsyncOpenAI")


def bind(client: object, scope: StepScope, target: Target = ANY) -> None:
    """Book the requests of a client for a step, wherever they are sent from.

    Args:
        client: An `openai.OpenAI` or `openai.AsyncOpenAI`.
        scope: The step.
        target: What of the step; `ANY` leaves it to where the request is sent from.
    """
    # on the client itself: one of a user's own class need not be hashable
    setattr(client, _BOUND, (scope, target))


def context_of(client: object) -> Context:
    """The current context, with the step that the client is bound to, where it is."""
    context = otel_context.get_current()
    bound = vars(client).get(_BOUND)
    if bound is None:
        return context
    scope, target = bound
    return with_scope(scope, target.within(find_target(context)), context)


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
