"""`POST /responses/compact`."""

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes
from dagster_openai_otel.testing.responses import input_tokens
from dagster_openai_otel.testing.token_counts import RESPONSE_COUNTS, made_up_usage, used
from dagster_openai_otel.testing.wire_usage import response_usage, with_response_details

_COMPACTED_TOKENS = 24


def compact(exchange: Exchange) -> Reply:
    """Make a short form of a conversation that only the API can read."""
    made_up = made_up_usage(exchange, input_tokens(exchange.body), _COMPACTED_TOKENS, None)
    usage = with_response_details(used(exchange, made_up, RESPONSE_COUNTS))
    item = {"id": exchange.identifier("cmp_"), "type": "compaction", "encrypted_content": "bm90aGluZw=="}
    body: dict[str, Json] = {
        "id": exchange.identifier("resp_"),
        "object": "response.compaction",
        "created_at": CREATED,
        "output": [item],
    }
    reports = not exchange.answer.omit_usage
    if reports:
        body["usage"] = response_usage(usage)
    charge = exchange.charge(usage, response_id=str(body["id"]))
    return Plain(body=json_bytes(body), charge=charge, reports_usage=reports)
