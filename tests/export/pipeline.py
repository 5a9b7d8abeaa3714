"""A job of two assets, as a user would write it, for runs in processes of their own."""

import dagster as dg
import openai

from dagster_openai_otel import instrument

instrument(trace_url="http://localhost:16686/trace/{trace_id}")


def ask(words: str) -> str:
    with openai.OpenAI() as client:
        answer = client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": words}]
        )
    return answer.choices[0].message.content or ""


@dg.asset
def first() -> str:
    return ask("canary-prompt one")


@dg.asset
def second(first: str) -> str:
    with openai.OpenAI() as client:
        return client.responses.create(model="gpt-5-mini", input=f"canary-prompt two {first}").output_text


defs = dg.Definitions(
    [first, second], jobs=[dg.define_asset_job("both", executor_def=dg.multiprocess_executor)]
)


def job() -> dg.JobDefinition:
    resolve = getattr(defs, "resolve_job_def", None) or defs.get_job_def
    return resolve("both")
