"""`POST /decisions`."""

from collections.abc import Mapping

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.prompts import count_prompt
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes
from dagster_openai_otel.testing.token_counts import RESPONSE_COUNTS, used
from dagster_openai_otel.testing.wire_usage import response_usage, with_response_details
from dagster_openai_otel.usage import Usage


def decide_questions(exchange: Exchange) -> Reply:
    """Answer every question with its first choice, or as likely as not."""
    questions = exchange.body.get("questions") or []
    made_up = Usage(
        input_tokens=count_prompt(exchange.body.get("input"), questions), output_tokens=max(1, len(questions))
    )
    usage = with_response_details(used(exchange, made_up, RESPONSE_COUNTS))
    body: dict[str, Json] = {
        "answers": [_answer(question) for question in questions],
        "model": exchange.model,
    }
    reports = not exchange.answer.omit_usage
    if reports:
        body["usage"] = response_usage(usage)
    return Plain(body=json_bytes(body), charge=exchange.charge(usage), reports_usage=reports)


def _answer(question: Mapping[str, Json]) -> dict[str, Json]:
    name = {"name": question.get("name"), "type": question.get("type", "predicate")}
    match name["type"]:
        case "choice":
            first = (question.get("choices") or [{}])[0].get("value", True)
            probabilities = [{"probability": 1.0, "value": first}]
            return name | {"choice": first, "confidence": 1.0, "probabilities": probabilities}
        case "score":
            return name | {"score": 1.0, "confidence": 1.0, "probabilities": []}
        case _:
            return name | {"probability": 0.5}
