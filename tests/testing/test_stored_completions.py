"""Chat completions that are stored, and looked at again for free."""

import openai
import pytest


@pytest.fixture
def stored(client, hello):
    return client.chat.completions.create(model="gpt-4o", messages=hello, store=True)


def test_a_stored_completion_can_be_asked_for_again(api, client, stored):
    again = client.chat.completions.retrieve(stored.id)
    assert (again.id, again.usage, again.choices) == (stored.id, stored.usage, stored.choices)
    assert len(api.bill.calls) == 1


def test_stored_completions_are_listed(client, stored):
    assert [item.id for item in client.chat.completions.list()] == [stored.id]


def test_a_stored_stream_can_be_asked_for(client, hello):
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=hello, store=True, stream=True))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert client.chat.completions.retrieve(chunks[0].id).choices[0].message.content == said


def test_a_completion_that_is_not_stored_cannot_be_asked_for(client, hello):
    completion = client.chat.completions.create(model="gpt-4o", messages=hello)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(completion.id)


def test_updating_and_deleting_are_free(api, client, stored):
    updated = client.chat.completions.update(stored.id, metadata={"team": "data"})
    assert updated.metadata == {"team": "data"}
    assert client.chat.completions.delete(stored.id).object == "chat.completion.deleted"
    assert len(api.bill.calls) == 1
