"""Jobs as a user writes them, for runs in processes of their own whose spans go to a collector."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg
import openai
from opentelemetry import propagate, trace

from dagster_openai_otel import instrument
from tests.steps.table.elsewhere import executor_of

instrument()

# a program that knows OpenTelemetry and nothing of Dagster
CHILD = """
import os
from opentelemetry import propagate
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
caller = propagate.extract({"traceparent": os.environ["TRACEPARENT"]})
provider.get_tracer("child").start_span("child", caller).end()
"""


class RefusalError(Exception):
    """What the steps below fail with; its message must not be seen."""


def ask(words: str) -> str:
    with openai.OpenAI(http_client=openai.DefaultHttpxClient(verify=False)) as client:
        return client.responses.create(model="gpt-5-mini", input=words).output_text


async def ask_async(words: str) -> str:
    async with openai.AsyncOpenAI(http_client=openai.DefaultAsyncHttpxClient(verify=False)) as client:
        return (await client.responses.create(model="gpt-5-mini", input=words)).output_text


def ask_in_threads(*texts: str) -> str:
    with trace.get_tracer("user").start_as_current_span("own"), ThreadPoolExecutor(2) as pool:
        return "".join(pool.map(ask, texts))


def fail_first(context: Any, key: str | None = None) -> None:
    if context.retry_number == 0 and context.get_mapping_key() == key:
        message = "canary-secret"
        raise RefusalError(message)


@dg.op(out=dg.DynamicOut())
def source():
    for key in ("a", "b"):
        yield dg.DynamicOutput(key, mapping_key=key)


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def mapped(context: dg.OpExecutionContext, key: str) -> str:
    fail_first(context, "b")
    return ask(key)


@dg.op
def flaky(context: dg.OpExecutionContext) -> str:
    try:
        fail_first(context)
    except RefusalError as error:
        raise dg.RetryRequested(max_retries=2) from error
    return "at last"


@dg.op
def plain() -> str:
    return ask("plain")


@dg.op
def gather(texts: list[str], flaky: str) -> str:
    return ask_in_threads(*texts, flaky)


@dg.op
def join(one: str, other: str) -> str:
    return ask_in_threads(one, other)


@dg.op
async def finish(gathered: str) -> None:
    await asyncio.gather(ask_async(gathered), ask_async("More."))
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    environment = {**os.environ, "TRACEPARENT": carrier["traceparent"]}
    subprocess.run([sys.executable, "-c", CHILD], env=environment, check=True)  # noqa: S603, ASYNC221  # its own


@dg.graph
def everything():
    finish(gather(source().map(mapped).collect(), flaky()))


@dg.graph
def straight():
    finish(join(plain(), plain.alias("other")()))


def job_on(column: str) -> dg.JobDefinition:
    """The job whose steps run as a column of the table says."""
    if column == "in_process":
        return everything.to_job(executor_def=dg.in_process_executor)
    # Dagster on Dask has neither retries, dynamic outputs nor inputs from several outputs
    graph = straight if column == "dask" else everything
    return graph.to_job(executor_def=executor_of(column))
