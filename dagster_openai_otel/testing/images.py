"""`POST /images/generations`, `/images/edits` and `/images/variations`."""

import base64
from collections.abc import Iterator

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.prompts import count_prompt
from dagster_openai_otel.testing.replies import Event, Plain, Reply, Streamed, data_event, json_bytes
from dagster_openai_otel.testing.token_counts import IMAGE_COUNTS, used
from dagster_openai_otel.testing.wire_usage import image_usage
from dagster_openai_otel.usage import Usage

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
"""The image of every answer: a PNG of one pixel."""

_TOKENS_PER_IMAGE = 1056
_WITHOUT_USAGE = ("", "dall-e-2", "dall-e-3")


def generate_images(exchange: Exchange) -> Reply:
    """Make images, which all look alike; the old models, billed by the image, never say their usage."""
    return _answered(exchange, "image_generation")


def edit_images(exchange: Exchange) -> Reply:
    """Make images of images."""
    return _answered(exchange, "image_edit")


def _answered(exchange: Exchange, kind: str) -> Reply:
    count = int(exchange.body.get("n") or 1)
    says = exchange.asked_model not in _WITHOUT_USAGE
    usage = _usage(exchange, count) if says else Usage()
    charge = exchange.charge(usage)
    reports = says and not exchange.answer.omit_usage
    if exchange.streams:
        return Streamed(events=list(_events(exchange, kind, usage, reports=reports)), charge=charge)
    body: dict[str, Json] = {"created": CREATED, "data": [{"b64_json": _encoded()}] * count}
    if reports:
        body["usage"] = image_usage(usage)
    return Plain(body=json_bytes(body), charge=charge, reports_usage=reports)


def _usage(exchange: Exchange, count: int) -> Usage:
    """The prompt, the images given and the images made; a stream does not say the last apart."""
    given = 300 * len(exchange.files)
    made = _TOKENS_PER_IMAGE * count
    made_up = Usage(
        input_tokens=count_prompt(exchange.body.get("prompt")) + given,
        output_tokens=made,
        input_image_tokens=given,
        output_image_tokens=made,
    )
    return used(exchange, made_up, IMAGE_COUNTS - ({"output_image_tokens"} if exchange.streams else set()))


def _events(exchange: Exchange, kind: str, usage: Usage, *, reports: bool) -> Iterator[Event]:
    image = {
        "b64_json": _encoded(),
        "background": "opaque",
        "created_at": CREATED,
        "output_format": "png",
        "quality": "low",
        "size": "1024x1024",
    }
    for number in range(int(exchange.body.get("partial_images") or 0)):
        name = f"{kind}.partial_image"
        yield data_event({"type": name, **image, "partial_image_index": number}, name=name)
    name = f"{kind}.completed"
    last = {"type": name, **image} | ({"usage": image_usage(usage)} if reports else {})
    yield data_event(last, name=name, reports_usage=reports)


def _encoded() -> str:
    return base64.b64encode(PICTURE).decode()
