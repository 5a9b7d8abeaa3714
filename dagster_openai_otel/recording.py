"""`record_usage()`: usage that does not go through the OpenAI SDK."""

from dataclasses import replace

from dagster_openai_otel.calls.answers import Answer, read
from dagster_openai_otel.calls.counts import read_usage, value_of
from dagster_openai_otel.calls.instrumentor import OpenAIRequestInstrumentor
from dagster_openai_otel.errors import UsageError
from dagster_openai_otel.wiring import instrument


def record_usage(
    response_or_usage: object,
    model: str | None = None,
    *,
    service_tier: str | None = None,
    batch: bool = False,
) -> None:
    """Record what was used otherwise than through the SDK: own HTTP, or a batch's output file.

    It counts as one call, for the step and the target that the code runs for. A batch that is retrieved
    through the SDK when it is finished has been counted by that, with all of its lines.

    Args:
        response_or_usage: An answer of the API (a model of the SDK or a mapping), its `usage`, a line of a
            batch's output file, or a `Usage`.
        model: The model, where the answer does not name it.
        service_tier: The tier that served it, where the answer does not name it.
        batch: Whether it has the price of a batch; known by itself for lines of an output file.

    Raises:
        UsageError: It says no usage.
    """
    body = value_of(value_of(response_or_usage, "response"), "body")
    answer = read(response_or_usage if body is None else body)
    if answer.usage is None and answer.audio_seconds is None:
        answer = Answer(usage=read_usage(response_or_usage))
    if answer.usage is None and answer.audio_seconds is None:
        raise UsageError(response_or_usage)
    instrument()
    spans = OpenAIRequestInstrumentor().spans
    if spans is not None:
        kind = "batch" if batch or body is not None else answer.kind
        tier = answer.service_tier or service_tier
        spans.book(replace(answer, kind=kind, service_tier=tier), name="record_usage", model=model)
