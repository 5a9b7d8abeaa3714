"""The paths of Azure OpenAI."""

import asyncio

import openai
import pytest

from dagster_openai_otel.testing import Answer


def test_a_deployment_stands_for_the_model(azure_client, api, hello):
    names = [
        azure_client.chat.completions.create(model=deployment, messages=hello).model
        for deployment in ("gpt-4o-mini", "my-deployment")
    ]
    assert names == ["gpt-4o-mini-2024-07-18", "my-deployment"]
    assert api.requests[1].path == "/openai/deployments/my-deployment/chat/completions"
    assert api.requests[1].query == {"api-version": "2025-03-01-preview"}


def test_calls_are_billed_as_azure_calls(azure_client, api, hello):
    azure_client.chat.completions.create(model="gpt-4o", messages=hello)
    azure_client.embeddings.create(model="text-embedding-3-small", input="Oslo")
    azure_client.responses.create(model="gpt-5-mini", input="Oslo")
    billed = [(call.endpoint, call.azure, call.cost_usd is None) for call in api.bill.calls]
    assert billed == [
        ("chat.completions", True, False),
        ("embeddings", True, False),
        ("responses", True, False),
    ]


def test_a_chat_stream_begins_with_the_verdict_on_the_prompt(azure_client, hello):
    chunks = list(azure_client.chat.completions.create(model="gpt-4o", messages=hello, stream=True))
    assert (chunks[0].choices, chunks[0].model) == ([], "")
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[1:]).startswith("You said")


@pytest.mark.parametrize("prefix", ["/openai/v1", "/openai"])
def test_the_paths_without_a_deployment_take_the_model_from_the_body(api, hello, prefix):
    with openai.OpenAI(base_url=api.azure_endpoint + prefix, api_key="test-key") as client:
        completion = client.chat.completions.create(model="gpt-4o", messages=hello)
    assert completion.model == "gpt-4o-2024-08-06"
    assert api.bill.calls[0].azure is True


def test_the_async_azure_client_works_too(api, hello):
    async def task():
        async with openai.AsyncAzureOpenAI(
            azure_endpoint=api.azure_endpoint, api_key="test-key", api_version="2025-03-01-preview"
        ) as client:
            return await client.chat.completions.create(model="gpt-4o", messages=hello)

    assert asyncio.run(task()).model == "gpt-4o-2024-08-06"


def test_a_raw_answer_is_billed_to_the_endpoint_of_its_route(azure_client, api, hello):
    body = b'{"id":"x","object":"chat.completion","choices":[],"created":0,"model":"gpt-4o"}'
    api.script(Answer(raw=("application/json", body), usage=api.bill.usage))
    azure_client.chat.completions.create(model="gpt-4o", messages=hello)
    assert api.bill.calls[0].endpoint == "chat.completions"
