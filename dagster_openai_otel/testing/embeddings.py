"""`POST /embeddings`."""

import base64
import hashlib
import struct

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.prompts import count_inputs, separate_inputs
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes, refused
from dagster_openai_otel.testing.token_counts import EMBEDDING_COUNTS, used
from dagster_openai_otel.testing.wire_usage import prompt_usage
from dagster_openai_otel.usage import Usage


def create_embeddings(exchange: Exchange) -> Reply:
    """Answer one vector of length 1 per input; the same input always has the same vector."""
    inputs = separate_inputs(exchange.body.get("input"))
    if not inputs:
        return refused(400, "'input' is missing or empty.", param="input")
    size = exchange.body.get("dimensions") or 8
    packed = exchange.body.get("encoding_format") == "base64"
    usage = used(exchange, Usage(input_tokens=count_inputs(inputs)), EMBEDDING_COUNTS)
    body: dict[str, Json] = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _encoded(item, size, packed=packed)}
            for index, item in enumerate(inputs)
        ],
        "model": exchange.model,
    }
    reports = not exchange.answer.omit_usage
    if reports:
        body["usage"] = prompt_usage(usage)
    charge = exchange.charge(usage, tier=None, response_id=None)
    return Plain(body=json_bytes(body), charge=charge, reports_usage=reports)


def _encoded(item: str | list[int], size: int, *, packed: bool) -> list[float] | str:
    numbers = vector(item, size)
    if packed:
        return base64.b64encode(struct.pack(f"<{size}f", *numbers)).decode()
    return numbers


def vector(item: str | list[int], size: int) -> list[float]:
    """A vector of length 1 that depends on nothing but the input and the size."""
    stream = hashlib.shake_256(repr(item).encode()).digest(2 * size)
    raw = [number + 0.5 for number in struct.unpack(f"<{size}h", stream)]
    length = sum(number * number for number in raw) ** 0.5
    return [number / length for number in raw]
