"""`POST /batches`: the lines of a file, answered later and for less."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.billing import BilledCall
from dagster_openai_otel.testing.chat import create_chat_completion
from dagster_openai_otel.testing.completions import create_completion
from dagster_openai_otel.testing.embeddings import create_embeddings
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.files import keep_file
from dagster_openai_otel.testing.lookups import found, unknown
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes
from dagster_openai_otel.testing.responses import create_response
from dagster_openai_otel.testing.stored import Stored
from dagster_openai_otel.testing.token_counts import BATCH_COUNTS
from dagster_openai_otel.testing.wire_usage import response_usage, with_response_details
from dagster_openai_otel.usage import Usage

_ENDPOINTS: Mapping[str, Callable[[Exchange], Reply]] = {
    "/v1/chat/completions": create_chat_completion,
    "/v1/completions": create_completion,
    "/v1/embeddings": create_embeddings,
    "/v1/responses": create_response,
}
_NO_INPUT = {
    "code": "invalid_input_file",
    "line": None,
    "message": "The input file is unknown or empty.",
    "param": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What became of a line of the input file."""

    output: Mapping[str, Json]
    charge: BilledCall | None


def create_batch(exchange: Exchange) -> Reply:
    """Begin to answer the lines of a file, each as its endpoint would; without lines it fails, for free.

    The `GET` that finds it completed is the one that is billed, once, for all lines.
    """
    lines = [_answered(exchange, number, line) for number, line in enumerate(_input(exchange))]
    unfinished = _batch(exchange, lines)
    final, charge = _ended(exchange, unfinished, lines)
    polls = max(1, exchange.answer.polls)
    exchange.store.put(Stored(final=final, charge=charge, polls_left=polls, unfinished=unfinished))
    return Plain(body=json_bytes(unfinished))


def cancel_batch(exchange: Exchange) -> Reply:
    """Stop a batch before its first line; the next `GET` finds it cancelled, with a usage of zero."""
    seen = exchange.store.cancel(exchange.parameters["id"], _cancelled)
    return unknown(exchange) if seen is None else found(seen)


def _input(exchange: Exchange) -> Sequence[Mapping[str, Json]]:
    stored = exchange.store.get(str(exchange.body.get("input_file_id")))
    return [json.loads(line) for line in stored.content.splitlines() if line.strip()] if stored else []


def _answered(exchange: Exchange, number: int, line: Mapping[str, Json]) -> _Line:
    """Answer one line, as a request that came by itself."""
    body = line.get("body") or {}
    alone = replace(exchange, request=replace(exchange.request, json=body), body=body, line=number)
    reply = _ENDPOINTS[line["url"]](alone)
    assert isinstance(reply, Plain)  # noqa: S101  # lines of a batch cannot stream
    response = {
        "status_code": reply.status,
        "request_id": alone.identifier("req_"),
        "body": json.loads(reply.body),
    }
    output = {
        "id": alone.identifier("batch_req_"),
        "custom_id": line.get("custom_id"),
        "response": response,
        "error": None,
    }
    return _Line(output=output, charge=reply.charge)


def _batch(exchange: Exchange, lines: Sequence[_Line]) -> dict[str, Json]:
    """The batch before its first line is answered."""
    charges = [line.charge for line in lines if line.charge]
    return {
        "id": exchange.identifier("batch_"),
        "object": "batch",
        "endpoint": exchange.body.get("endpoint"),
        "model": charges[0].model if charges else None,
        "errors": None,
        "input_file_id": exchange.body.get("input_file_id"),
        "completion_window": exchange.body.get("completion_window"),
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": CREATED,
        "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        "usage": None,
        "metadata": exchange.body.get("metadata"),
    }


def _ended(
    exchange: Exchange, unfinished: Mapping[str, Json], lines: Sequence[_Line]
) -> tuple[dict[str, Json], BilledCall | None]:
    """The batch at its end, and what it costs."""
    charges = [line.charge for line in lines if line.charge]
    if not charges:
        errors = {"object": "list", "data": [_NO_INPUT]}
        return {**unfinished, "status": "failed", "failed_at": CREATED, "errors": errors}, None
    content = b"".join(json_bytes(line.output) + b"\n" for line in lines)
    output = keep_file(exchange, "file-output-", "output.jsonl", content, "batch_output")
    usage = _usage(charges)
    final = {
        **unfinished,
        "status": "completed",
        "completed_at": CREATED,
        "output_file_id": output["id"],
        "request_counts": {
            "total": len(lines),
            "completed": len(charges),
            "failed": len(lines) - len(charges),
        },
        "usage": None if exchange.answer.omit_usage else response_usage(usage),
    }
    costs = [call.cost_usd for call in charges if call.cost_usd is not None]
    cost = sum(costs, Decimal(0)) if len(costs) == len(charges) else None
    charge = replace(
        charges[0], usage=usage, cost_usd=cost, service_tier=None, response_id=str(unfinished["id"])
    )
    return final, charge


def _usage(charges: Sequence[BilledCall]) -> Usage:
    """The sum over the lines, with the details that batches have."""
    total = with_response_details(sum((call.usage for call in charges), Usage()))
    return Usage(**{name: getattr(total, name) for name in BATCH_COUNTS})


def _cancelled(running: Stored) -> Stored:
    nothing = Usage(cached_input_tokens=0, reasoning_tokens=0)
    return Stored(
        final={**running.unfinished, "status": "cancelled", "usage": response_usage(nothing)},
        charge=running.charge and replace(running.charge, usage=nothing, cost_usd=Decimal(0)),
        polls_left=1,
        unfinished={**running.unfinished, "status": "cancelling"},
    )
