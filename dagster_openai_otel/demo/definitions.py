"""The pipeline of the demo: three days of a small shop's working documents, read by OpenAI's models.

It is written as without this library, but for `instrument()`: what each request used and cost is in the
metadata of the asset that made it.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import dagster as dg
import openai  # noqa: TID253  # definitions are the user's own code, and these need the SDK
import pydantic

from dagster_openai_otel import instrument
from dagster_openai_otel.demo.spans import span_files

# `instrument()` alone would do. Here the spans go into files, for the demo to show.
instrument(tracer_provider=span_files(), call_spans="off")

TIMEOUT = openai.Timeout(30, connect=5)  # in seconds; the SDK tries again twice
DAYS = dg.DailyPartitionsDefinition(start_date="2026-11-16", end_date="2026-11-19")
QUESTIONS = ("What happened?", "Which customers are waiting, and for what?", "What is to be done tomorrow?")

documents = dg.AssetSpec("documents", description="Incident reports, support notes and the like, as files.")


def read_documents(day: str = "") -> dict[str, str]:
    """The documents of a day (default: of all days) by name."""
    files = Path(__file__).with_name("documents").glob(f"{day}*.md")
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(files)}


@dg.asset(deps=[documents])
def summaries() -> dict[str, str]:
    """Each document in two sentences: one response each, four at a time."""

    def summarize(document: str) -> str:
        response = client.responses.create(
            model="gpt-5-mini",
            instructions="Summarize the document in two plain sentences.",
            input=document,
            reasoning={"effort": "minimal"},
            max_output_tokens=300,
        )
        return response.output_text

    texts = read_documents()
    with openai.OpenAI(timeout=TIMEOUT) as client, ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(texts, pool.map(summarize, texts.values()), strict=True))


@dg.asset(deps=[documents])
def embeddings() -> dict[str, list[float]]:
    """Each document as a vector of length 1: one request for all."""
    texts = read_documents()
    with openai.OpenAI(timeout=TIMEOUT) as client:
        answer = client.embeddings.create(
            model="text-embedding-3-small", input=list(texts.values()), dimensions=256
        )
    return {name: item.embedding for name, item in zip(texts, answer.data, strict=True)}


class Triage(pydantic.BaseModel):
    """What kind of document it is, and how urgent."""

    topic: Literal["checkout", "payments", "delivery", "product", "mixed"]
    urgency: Literal["low", "medium", "high"]
    customers_wait: bool


@dg.asset
def triage(summaries: dict[str, str]) -> dict[str, Triage]:
    """Topic and urgency of each document, by structured output; none where the model declines."""
    triaged = {}
    with openai.OpenAI(timeout=TIMEOUT) as client:
        for name, summary in summaries.items():
            completion = client.chat.completions.parse(
                model="gpt-4.1-mini",
                messages=[
                    {"role": "system", "content": "Classify this summary of a shop's internal document."},
                    {"role": "user", "content": summary},
                ],
                response_format=Triage,
                max_completion_tokens=100,
            )
            kind = completion.choices[0].message.parsed
            if kind is not None:
                triaged[name] = kind
    return triaged


@dg.asset
def report(summaries: dict[str, str], triage: dict[str, Triage], embeddings: dict[str, list[float]]) -> str:
    """The three days on one page, as a stream, from the urgent documents and the summaries of the others."""
    texts = read_documents()
    parts = [
        f"# {name} ({kind.topic}, {kind.urgency}; see also {nearest(name, embeddings)})\n\n"
        + (texts if kind.urgency == "high" else summaries)[name]
        for name, kind in triage.items()
    ]
    with openai.OpenAI(timeout=TIMEOUT) as client:
        stream = client.chat.completions.create(
            model="gpt-5-mini",
            messages=[
                {"role": "system", "content": "Write a report of at most 200 words for the owner."},
                {"role": "user", "content": "\n\n".join(parts)},
            ],
            reasoning_effort="minimal",
            max_completion_tokens=600,
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def nearest(name: str, embeddings: dict[str, list[float]]) -> str:
    """The other document whose vector is the nearest."""

    def likeness(other: str) -> float:
        return sum(a * b for a, b in zip(embeddings[name], embeddings[other], strict=True))

    return max((other for other in embeddings if other != name), key=likeness)


class Verdict(pydantic.BaseModel):
    """Whether a text says only what its sources say."""

    grounded: bool
    reason: str


@dg.asset_check(asset=report)
def grounded(report: str) -> dg.AssetCheckResult:
    """A judge compares the report with the documents: structured output of a response."""
    with openai.OpenAI(timeout=TIMEOUT) as client:
        response = client.responses.parse(
            model="gpt-5-mini",
            instructions="Does the report claim anything that the documents do not say?",
            input="\n\n".join([*read_documents().values(), "# The report", report]),
            text_format=Verdict,
            reasoning={"effort": "minimal"},
            max_output_tokens=300,
        )
    verdict = response.output_parsed or Verdict(grounded=False, reason="The judge declined.")
    return dg.AssetCheckResult(passed=verdict.grounded, metadata={"reason": verdict.reason})


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def replies(
    context: dg.AssetExecutionContext, summaries: dict[str, str], triage: dict[str, Triage]
) -> dict[str, str]:
    """Drafts of answers to the customers who wait; the first attempt fails after its requests, on purpose."""
    drafts = {}
    with openai.OpenAI(timeout=TIMEOUT) as client:
        for name in [name for name, kind in triage.items() if kind.customers_wait]:
            response = client.responses.create(
                model="gpt-5-mini",
                instructions="Draft a short, friendly letter to the customers concerned.",
                input=summaries[name],
                reasoning={"effort": "minimal"},
                max_output_tokens=300,
            )
            drafts[name] = response.output_text
    if context.retry_number == 0:
        message = "the help desk did not take the drafts"
        raise ConnectionError(message)
    return drafts


@dg.asset(deps=[documents], partitions_def=DAYS)
async def digest(context: dg.AssetExecutionContext) -> str:
    """A day in three answers, asked for at once; the documents come first, so that the prompt is cached."""
    day = "\n\n".join(read_documents(context.partition_key).values())
    async with openai.AsyncOpenAI(timeout=TIMEOUT) as client:
        asked = (
            client.responses.create(
                model="gpt-5-mini",
                input=f"{day}\n\n{question} Answer in two sentences.",
                reasoning={"effort": "minimal"},
                max_output_tokens=300,
            )
            for question in QUESTIONS
        )
        return "\n\n".join(response.output_text for response in await asyncio.gather(*asked))


defs = dg.Definitions(
    assets=[documents, summaries, embeddings, triage, report, replies, digest],
    asset_checks=[grounded],
    jobs=[
        dg.define_asset_job("week", selection=dg.AssetSelection.all() - dg.AssetSelection.assets(digest)),
        dg.define_asset_job("day", selection=dg.AssetSelection.assets(digest)),
    ],
)
