"""`POST /completions`."""

import pytest

from dagster_openai_otel.testing import Answer
from dagster_openai_otel.usage import Usage

MODEL = "gpt-3.5-turbo-instruct"


def test_the_default_text_repeats_the_prompt(client):
    completion = client.completions.create(model=MODEL, prompt="Say something.")
    assert completion.choices[0].text == "You said: Say something."
    assert completion.usage.prompt_tokens == 4


@pytest.mark.parametrize("prompt", [["one", "two"], [[1, 2], [3]]])
def test_every_prompt_is_answered_n_times(client, prompt):
    completion = client.completions.create(model=MODEL, prompt=prompt, n=2)
    assert [choice.index for choice in completion.choices] == [0, 1, 2, 3]


def test_the_default_text_obeys_the_limit(client):
    completion = client.completions.create(model=MODEL, prompt="Say something.", max_tokens=1)
    assert (completion.choices[0].text, completion.choices[0].finish_reason) == ("You ", "length")


def test_the_stream_has_usage_only_on_request(api, client):
    api.script(Answer(text="Oslo", chunks=2), Answer(text="Oslo", chunks=2))
    bare = list(client.completions.create(model=MODEL, prompt="?", stream=True))
    counted = list(
        client.completions.create(
            model=MODEL, prompt="?", stream=True, stream_options={"include_usage": True}
        )
    )
    assert [chunk.choices[0].text for chunk in bare] == ["Os", "lo", ""]
    assert all(chunk.usage is None for chunk in bare)
    assert [chunk.usage is None for chunk in counted] == [True, True, True, False]


def test_usage_can_be_scripted(api, client):
    api.script(Answer(usage=Usage(input_tokens=3, output_tokens=4)))
    assert client.completions.create(model=MODEL, prompt="?").usage.total_tokens == 7
    assert api.bill.calls[0].endpoint == "completions"
