"""A job with what a trace can hold: two models, a retry, a stream, a step of two others, one that fails."""

from contextlib import suppress

import dagster as dg
import openai

from dagster_openai_otel import instrument
from tests.collector.words import CANARY, REFUSED

instrument(trace_url="http://127.0.0.1:16686/trace/{trace_id}")


def _asked(model: str, words: str) -> str:
    with openai.OpenAI() as client:
        answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": words}])
    return answer.choices[0].message.content or ""


@dg.asset
def draft() -> str:
    return _asked("gpt-5-mini", f"{CANARY} one")


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def review(context: dg.AssetExecutionContext) -> str:
    said = _asked("gpt-4o-mini", f"{CANARY} two")
    if context.retry_number == 0:
        raise ValueError(CANARY)
    return said


@dg.asset
def summary(draft: str, review: str) -> str:
    with (
        openai.OpenAI() as client,
        client.responses.stream(model="gpt-5-mini", input=f"{CANARY} {draft} {review}") as stream,
    ):
        return stream.get_final_response().output_text


@dg.asset
def broken() -> None:
    _asked("gpt-5-mini", f"{CANARY} three")
    with suppress(openai.BadRequestError):
        _asked("gpt-5-mini", f"{CANARY} {REFUSED}")
    raise RuntimeError(CANARY)


defs = dg.Definitions(
    [draft, review, summary, broken],
    jobs=[
        dg.define_asset_job("good", [draft, review, summary], executor_def=dg.multiprocess_executor),
        dg.define_asset_job("bad", [draft, broken], executor_def=dg.multiprocess_executor),
    ],
)


def good() -> dg.JobDefinition:
    return _job("good")


def bad() -> dg.JobDefinition:
    return _job("bad")


def _job(name: str) -> dg.JobDefinition:
    resolve = getattr(defs, "resolve_job_def", None) or defs.get_job_def
    return resolve(name)
