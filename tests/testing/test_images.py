"""`/images`."""

import base64

import pytest

from dagster_openai_otel.testing import Answer
from dagster_openai_otel.testing.images import PICTURE

ASK = {"model": "gpt-image-1", "prompt": "Oslo in winter."}
PNG = ("a.png", b"PNG", "image/png")


def test_images_are_made_and_billed_as_they_report(api, client):
    made = client.images.generate(**ASK, n=2)
    (call,) = api.bill.calls
    assert [base64.b64decode(image.b64_json) for image in made.data] == [PICTURE, PICTURE]
    assert (made.usage.output_tokens, made.usage.total_tokens) == (2112, call.usage.total_tokens)
    assert (call.endpoint, call.reported, call.cost_usd > 0) == ("images.generations", True, True)


def test_an_edit_reads_images_too(api, client):
    made = client.images.edit(**ASK, image=PNG)
    assert made.usage.input_tokens_details.image_tokens == 300
    assert api.bill.usage.input_image_tokens == 300


def test_a_stream_ends_with_the_usage(api, client):
    events = list(client.images.generate(**ASK, stream=True, partial_images=2))
    names = ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.type for event in events] == names
    assert events[-1].usage.total_tokens == api.bill.usage.total_tokens


def test_a_stream_of_an_edit_has_names_of_its_own(client):
    events = list(client.images.edit(**ASK, image=PNG, stream=True))
    assert [event.type for event in events] == ["image_edit.completed"]


@pytest.mark.parametrize(
    ("model", "answer"), [("dall-e-3", Answer()), ("gpt-image-1", Answer(omit_usage=True))]
)
def test_images_without_usage_are_billed_but_not_reported(api, client, model, answer):
    api.script(answer)
    assert client.images.generate(prompt="Oslo", model=model).usage is None
    assert [call.reported for call in api.bill.calls] == [False]
