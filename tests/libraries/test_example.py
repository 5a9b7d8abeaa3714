"""The example that shows the libraries: each asks through its own."""

from importlib import import_module
from pathlib import Path

import dagster as dg
import pytest

from dagster_openai_otel.testing import Answer, FakeOpenAI, Request, ToolCall
from tests.events import billed, shown_usage, summed

pytestmark = pytest.mark.slow

_FOLDER = Path(__file__).parents[2] / "examples" / "libraries"
_POEM = Answer(tool_calls=[ToolCall(name="Poem", arguments={"title": "Rain", "lines": ["It falls."]})])


def _answer(request: Request) -> Answer | None:
    return _POEM if b'"name":"Poem"' in request.body.replace(b" ", b"") else None


def test_the_example_shows_what_it_was_billed(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(_FOLDER)
    with FakeOpenAI(answer=_answer) as api:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        definitions = import_module("libraries.definitions").defs()

        run = dg.materialize(list(definitions.assets), instance=instance)

    shown = shown_usage(instance, run.run_id)
    assert {each.target for each in shown} == {
        "agents_poem",
        "instructor_poem",
        "langchain_poem",
        "pydantic_ai_poem",
    }
    assert summed(shown) == billed(api.bill)
