"""`POST /moderations`."""

from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.prompts import separate_inputs
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes

_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


def moderate(exchange: Exchange) -> Reply:
    """Nothing is ever wrong with an input; free."""
    verdict = {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": dict.fromkeys(_CATEGORIES, 0.001),
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
    body = {
        "id": exchange.identifier("modr-"),
        "model": exchange.model or "omni-moderation-latest",
        "results": [verdict for _ in separate_inputs(exchange.body.get("input"))],
    }
    return Plain(body=json_bytes(body))
