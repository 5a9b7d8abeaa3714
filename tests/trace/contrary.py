"""A job of one step, whose process has a sampler that says the contrary of that in the run's process."""

import multiprocessing
import os
from typing import Any

import dagster as dg
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult

from dagster_openai_otel import instrument
from tests.steps.asking import ask


class Contrary(Sampler):
    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        in_run_process = multiprocessing.parent_process() is None
        samples = in_run_process == (os.environ["RUN_PROCESS"] == "samples")
        return SamplingResult(Decision.RECORD_AND_SAMPLE if samples else Decision.DROP)

    def get_description(self) -> str:
        return "Contrary"


provider = TracerProvider(sampler=ParentBased(Contrary()))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
instrument(tracer_provider=provider)


@dg.op
def asking():
    ask()


@dg.graph
def contrary():
    asking()


def job() -> dg.JobDefinition:
    return contrary.to_job(executor_def=dg.multiprocess_executor)
