"""`FakeOpenAI` itself: its life, its record of requests, its scripts."""

import socket
import threading
from urllib.parse import urlsplit

import openai
import pytest

from dagster_openai_otel import testing
from dagster_openai_otel.errors import SettingError
from dagster_openai_otel.testing import Answer, FakeOpenAI, Request

MODEL = "gpt-4o-mini"


def ask(server, text="Oslo"):
    with openai.OpenAI(base_url=server.base_url, api_key="test-key", max_retries=0) as client:
        return client.responses.create(model=MODEL, input=text).output_text


def test_nothing_is_left_after_stop():
    before = set(threading.enumerate())
    with FakeOpenAI() as server:
        port = urlsplit(server.base_url).port
        idle = socket.create_connection(("127.0.0.1", port))
        ask(server)
    assert set(threading.enumerate()) == before
    assert idle.recv(1) == b""
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_requests_and_bill_survive_stop():
    with FakeOpenAI() as server:
        ask(server)
    assert (len(server.requests), len(server.bill.calls)) == (1, 1)


def test_stop_may_be_called_twice():
    server = FakeOpenAI().start()
    server.stop()
    server.stop()
    assert server.base_url.endswith("/v1")


def test_a_server_cannot_be_started_twice():
    with FakeOpenAI() as server, pytest.raises(RuntimeError, match="make another one"):
        server.start()


def test_a_server_that_was_not_started_has_no_address():
    with pytest.raises(RuntimeError, match="call start"):
        _ = FakeOpenAI().base_url


def test_the_environment_leads_a_client_to_the_server(api, monkeypatch):
    for name, value in api.environment.items():
        monkeypatch.setenv(name, value)
    with openai.OpenAI() as client:
        assert client.responses.create(model=MODEL, input="Oslo").output_text == "You said: Oslo"


def test_requests_are_recorded_without_the_key(api, client):
    client.responses.create(model=MODEL, input="Oslo", extra_query={"q": "1"})
    (request,) = api.requests
    assert (request.index, request.method, request.path) == (0, "POST", "/v1/responses")
    assert (request.query, request.json) == ({"q": "1"}, {"model": MODEL, "input": "Oslo"})
    assert request.headers["authorization"] == "[removed]"
    assert "test-key" not in repr(request)


def test_a_request_without_a_json_body_is_recorded_with_none(api, client):
    client.models.list()
    assert (api.requests[0].body, api.requests[0].json) == (b"", None)


def test_scripted_answers_are_taken_in_order_and_then_the_default(api):
    api.script(Answer(text="one"), Answer(text="two"))
    assert [ask(api), ask(api), ask(api)] == ["one", "two", "You said: Oslo"]


def test_a_callable_decides_by_the_request():
    def decide(request: Request) -> Answer | None:
        return Answer(text="north") if request.json["input"] == "Oslo" else None

    with FakeOpenAI(answer=decide) as server:
        assert [ask(server), ask(server, "Rome")] == ["north", "You said: Rome"]


def test_a_script_wins_over_the_callable():
    with FakeOpenAI(answer=lambda _: Answer(text="callable")) as server:
        server.script(Answer(text="script"))
        assert [ask(server), ask(server)] == ["script", "callable"]


def test_the_package_has_no_other_names():
    with pytest.raises(AttributeError, match="has no attribute 'FakeOpenAl'"):
        _ = testing.FakeOpenAl


def test_an_error_in_the_callable_is_told_and_not_tried_again():
    def broken(request: Request) -> Answer:
        raise KeyError(request.path)

    with FakeOpenAI(answer=broken) as server:
        with (
            openai.OpenAI(base_url=server.base_url, api_key="test-key") as client,
            pytest.raises(openai.InternalServerError, match=r"raised KeyError\('/v1/responses'\)"),
        ):
            client.responses.create(model=MODEL, input="Oslo")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"status": 100}, "Answer.status is set to 100"),
        ({"chunks": 0}, "Answer.chunks is set to 0"),
        ({"text": "a", "parsed": {}}, "Leave out text"),
    ],
)
def test_an_answer_that_cannot_be_served_is_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        Answer(**settings)
