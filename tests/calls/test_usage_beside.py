"""What other models used for a request: for images of a Response, for drawings, in an evaluation."""

import json
from typing import Any

import openai
import pytest

from dagster_openai_otel import conventions
from dagster_openai_otel.scope import StepScope
from dagster_openai_otel.tally import Sums, Tally
from dagster_openai_otel.testing import Answer, FakeOpenAI
from dagster_openai_otel.usage import Usage

BASE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 120,
}
IMAGES = {
    "input_tokens": 50,
    "input_tokens_details": {"image_tokens": 40, "text_tokens": 10},
    "output_tokens": 1000,
    "output_tokens_details": {"image_tokens": 1000, "text_tokens": 0},
    "total_tokens": 1050,
}
SVG = {
    "model": "gpt-5-mini",
    "input_tokens": 7,
    "output_tokens": 3,
    "reasoning_tokens": 2,
    "total_tokens": 10,
}
NO_IMAGES = {name: 0 for name in IMAGES if not name.endswith("details")}
MADE = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAAA"}
TOOL = {"type": "image_generation", "model": "gpt-image-1"}


def response(**more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-5-mini",
        "status": "completed",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [TOOL],
        "usage": BASE,
        **more,
    }


def plain(payload: dict[str, Any]) -> Answer:
    return Answer(raw=("application/json", json.dumps(payload).encode()))


def streamed(payload: dict[str, Any]) -> Answer:
    begun = {"type": "response.created", "response": {**payload, "status": "in_progress", "usage": None}}
    ended = {"type": "response.completed", "response": payload}
    events = [b"data: %s\n\n" % json.dumps(event).encode() for event in (begun, ended)]
    return Answer(raw=("text/event-stream", b"".join(events)))


def ask(client: openai.OpenAI, **more: Any) -> Any:
    return client.responses.create(model="gpt-5-mini", input="Draw Oslo.", **more)


def by_model(scope: StepScope) -> dict[str, Sums]:
    booked = sum(scope.ledger.take().values(), Tally())
    return {model.name: sums for model, sums in booked.by_model.items()}


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize("stream", [False, True])
def test_the_images_of_a_response_are_booked_under_the_model_that_made_them(
    stream: bool,  # noqa: FBT001  # a parameter
    client: openai.OpenAI,
    api: FakeOpenAI,
    scope: StepScope,
):
    whole = response(output=[MADE], tool_usage={"image_gen": IMAGES, "web_search": {"num_requests": 0}})
    api.script(streamed(whole) if stream else plain(whole))
    answer = ask(client, stream=stream)
    if stream:
        list(answer)

    booked = by_model(scope)
    assert {name: sums.calls for name, sums in booked.items()} == {"gpt-5-mini": 1, "gpt-image-1": 0}
    assert booked["gpt-5-mini"].usage.total_tokens == 120
    assert booked["gpt-image-1"].usage == Usage(
        input_tokens=50,
        output_tokens=1000,
        total_tokens=1050,
        input_image_tokens=40,
        output_image_tokens=1000,
    )
    # 10 of text at 5 dollars, 40 of images at 10, 1000 out at 40
    assert float(booked["gpt-image-1"].cost_usd or 0) == pytest.approx(0.00005 + 0.0004 + 0.04)
    assert sum(sums.unpriced_calls + sums.calls_without_usage for sums in booked.values()) == 0


@pytest.mark.usefixtures("spans")
def test_images_of_a_model_that_has_no_price_leave_the_call_without_one(client, api, scope):
    tools = [{"type": "image_generation", "model": "nobody-knows-me"}]
    api.script(
        plain(response(tools=tools, tool_usage={"image_gen": IMAGES, "web_search": {"num_requests": 0}}))
    )
    ask(client)

    booked = by_model(scope)
    assert booked["nobody-knows-me"].usage.total_tokens == 1050
    assert {name: sums.unpriced_calls for name, sums in booked.items()} == {
        "gpt-5-mini": 1,
        "nobody-knows-me": 0,
    }


@pytest.mark.usefixtures("spans")
def test_images_whose_tokens_are_not_said_leave_the_call_without_a_price(client, api, scope):
    api.script(plain(response(output=[MADE])))
    ask(client)

    (sums,) = by_model(scope).values()
    assert (sums.usage.total_tokens, sums.cost_usd, sums.unpriced_calls) == (120, None, 1)


@pytest.mark.usefixtures("spans")
def test_a_response_that_says_nothing_but_its_images_is_without_usage(client, api, scope):
    api.script(plain(response(usage=None, tool_usage={"image_gen": IMAGES})))
    ask(client)

    booked = by_model(scope)
    assert booked["gpt-5-mini"].calls_without_usage == 1
    assert booked["gpt-image-1"].usage.total_tokens == 1050


@pytest.mark.usefixtures("spans")
def test_tools_that_used_nothing_are_not_there(client, api, scope):
    api.script(plain(response(tool_usage={"image_gen": NO_IMAGES, "web_search": {"num_requests": 0}})))
    ask(client)

    assert list(by_model(scope)) == ["gpt-5-mini"]


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize(
    ("said", "searches"), [({}, 2), ({"tool_usage": {"web_search": {"num_requests": 1}}}, 1)]
)
def test_searches_of_the_web_are_those_that_are_billed(
    said: dict[str, Any], searches: int, client, api, scope
):
    output = [{"type": "web_search_call", "id": f"ws_{number}", "status": "completed"} for number in "12"]
    for whole in (response(), response(output=output, **said)):
        api.script(plain(whole))
        ask(client)

    (sums,) = by_model(scope).values()
    tokens = 2 * (100 * 0.25 + 20 * 2) / 1_000_000
    assert float(sums.cost_usd or 0) == pytest.approx(tokens + searches * 0.01)


@pytest.mark.usefixtures("spans")
def test_searches_of_files_are_part_of_the_price(client, api, scope):
    output = [{"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["a", "b"]}]
    api.script(plain(response(output=output)))
    ask(client)

    (sums,) = by_model(scope).values()
    assert float(sums.cost_usd or 0) == pytest.approx((100 * 0.25 + 20 * 2) / 1_000_000 + 0.0025)


@pytest.mark.usefixtures("spans")
def test_drawings_are_booked_under_the_model_that_drew_them(client, api, scope):
    api.script(plain({"created": 1, "data": [], "usage": IMAGES, "svg_usage": SVG}))
    client.images.generate(model="gpt-image-1", prompt="Oslo")

    booked = by_model(scope)
    assert booked["gpt-image-1"].usage.total_tokens == 1050
    assert booked["gpt-5-mini"].usage == Usage(
        input_tokens=7, output_tokens=3, total_tokens=10, reasoning_tokens=2
    )


def test_what_was_used_beside_stands_on_the_span(spans: Any, client, api, scope):
    api.script(plain(response(tool_usage={"image_gen": IMAGES, "web_search": {"num_requests": 0}})))
    ask(client)

    (span,) = spans.get_finished_spans()
    (part,) = json.loads(span.attributes[conventions.OPENAI_USAGE_BESIDE])
    assert part[conventions.OPENAI_MODEL] == "gpt-image-1"
    assert part["openai.usage.total_tokens"] == 1050
    assert by_model(scope)


def used_by(model: str, tokens: int) -> dict[str, Any]:
    return {
        "model_name": model,
        "invocation_count": 3,
        "prompt_tokens": tokens,
        "completion_tokens": 5,
        "cached_tokens": 4,
        "total_tokens": tokens + 5,
    }


@pytest.mark.usefixtures("spans")
def test_the_run_of_an_evaluation_counts_once_when_it_is_finished(client, api, scope):
    run = {"id": "evalrun_1", "object": "eval.run", "eval_id": "eval_1", "per_model_usage": []}
    finished = {
        **run,
        "status": "completed",
        "per_model_usage": [used_by("gpt-5-mini", 50), used_by("gpt-4o-mini", 60)],
    }
    states: list[dict[str, Any]] = [
        {**run, "status": "queued"},
        {**run, "status": "in_progress"},
        finished,
        finished,
    ]
    api.script(*[plain(state) for state in states])
    data: Any = {"type": "jsonl", "source": {"type": "file_id", "id": "file-1"}}
    client.evals.runs.create("eval_1", data_source=data)
    for _ in range(3):
        client.evals.runs.retrieve("evalrun_1", eval_id="eval_1")

    booked = by_model(scope)
    assert sum(sums.calls for sums in booked.values()) == 1
    assert {name: sums.usage for name, sums in booked.items()} == {
        "gpt-5-mini": Usage(input_tokens=50, output_tokens=5, total_tokens=55, cached_input_tokens=4),
        "gpt-4o-mini": Usage(input_tokens=60, output_tokens=5, total_tokens=65, cached_input_tokens=4),
    }


@pytest.mark.usefixtures("spans")
def test_the_usage_of_an_agents_session_so_far_is_not_that_of_a_request(client, api, scope):
    api.script(*[plain({"id": "session_1", "object": "agent.session", "usage": BASE})] * 3)
    post: Any = client.post
    post("/agents/sessions", cast_to=object, body={"agent_id": "agent_1"})
    post("/agents/sessions/session_1", cast_to=object, body={})
    client.get("/agents/sessions/session_1", cast_to=object)

    (sums,) = by_model(scope).values()
    assert (sums.calls, sums.calls_without_usage, sums.usage) == (1, 1, Usage())
