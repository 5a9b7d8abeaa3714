"""A job whose run makes thirty spans, for runs in processes of their own."""

import threading
import time

import dagster as dg
import openai
from opentelemetry import trace

from dagster_openai_otel import instrument

instrument()


def ask() -> None:
    with openai.OpenAI() as client, trace.get_tracer("mine").start_as_current_span("mine"):
        client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "hello"}])


@dg.op
def begin() -> int:
    ask()
    ask()
    ask()
    return 1


@dg.op
def go_on(number: int) -> int:
    ask()
    ask()
    ask()
    return number + 1


@dg.op
def end(number: int) -> None:
    ask()
    ask()
    ask()
    tracer, here = trace.get_tracer("mine"), trace.set_span_in_context(trace.get_current_span())

    def work() -> None:
        time.sleep(0.5)
        tracer.start_span("late", here).end()

    threading.Thread(target=work).start()


@dg.job(executor_def=dg.multiprocess_executor)
def thirty() -> None:
    end(go_on.alias("and_on")(go_on(begin())))


def job() -> dg.JobDefinition:
    return thirty
