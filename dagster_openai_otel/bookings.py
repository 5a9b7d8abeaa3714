"""What the attributes of an ended request span say was used."""

import json
from collections.abc import Mapping

from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.tally import Model, Sums, Tally, dollars_of
from dagster_openai_otel.usage import FIELDS, Usage

_USAGE_KEYS = tuple((name, conventions.OPENAI_USAGE_PREFIX + name) for name in FIELDS)


def tally_of(attributes: Mapping[str, AttributeValue], start: int, end: int) -> Tally:
    """What the attributes of an ended request span say.

    Args:
        attributes: Of the span, `openai.usage.*` and the others that `conventions` lists.
        start: Nanoseconds since the epoch.
        end: Nanoseconds since the epoch.

    Returns:
        A tally of one request; an empty one for a request that is free and went well.
    """
    called = attributes.get(conventions.OPENAI_CALL) is True
    failed = conventions.ERROR_TYPE in attributes
    retries = _count(attributes, conventions.HTTP_RESEND_COUNT) or 0
    if not (called or failed or retries):
        return Tally()
    usage, cost = _usage(attributes), dollars_of(attributes.get(conventions.OPENAI_COST_USD))
    beside = _beside(attributes)
    unpriced = cost is None or any(sums.cost_usd is None for sums in beside.values())
    sums = Sums(
        calls=int(called),
        usage=usage or Usage(),
        cost_usd=cost,
        unpriced_calls=int(called and usage is not None and unpriced),
        calls_without_usage=int(called and usage is None),
        failed_calls=int(failed),
        retries=retries,
        duration_s=(end - start) / 1e9,
    )
    tier = attributes.get(conventions.OPENAI_RESPONSE_SERVICE_TIER)
    model = Model(name=_model(attributes), service_tier=str(tier) if tier else None)
    tally = Tally(by_model={model: sums})
    return tally + Tally(by_model=beside) if beside else tally


def _usage(attributes: Mapping[str, AttributeValue]) -> Usage | None:
    reported = {name: count for name, key in _USAGE_KEYS if (count := _count(attributes, key)) is not None}
    return Usage(**reported) if reported else None


def _model(attributes: Mapping[str, AttributeValue]) -> str:
    return str(attributes.get(conventions.OPENAI_MODEL, "unknown"))


def _beside(attributes: Mapping[str, AttributeValue]) -> dict[Model, Sums]:
    """What other models used for a request, which is no call of its own."""
    said = attributes.get(conventions.OPENAI_USAGE_BESIDE)
    beside = Tally()
    for part in json.loads(said) if isinstance(said, str) else ():
        sums = Sums(usage=_usage(part) or Usage(), cost_usd=dollars_of(part.get(conventions.OPENAI_COST_USD)))
        beside += Tally(by_model={Model(name=_model(part), service_tier=None): sums})
    return dict(beside.by_model)


def _count(attributes: Mapping[str, AttributeValue], name: str) -> int | None:
    count = attributes.get(name)
    return count if type(count) is int else None
