"""`/files`."""

import openai
import pytest


@pytest.fixture
def file(client):
    return client.files.create(file=("lines.jsonl", b"{}\r\n\x00\xff"), purpose="batch")


def test_a_file_is_described_by_its_name_and_size(file):
    assert (file.filename, file.bytes, file.purpose, file.status) == ("lines.jsonl", 6, "batch", "processed")


def test_a_file_gives_back_its_bytes(client, file):
    assert client.files.content(file.id).content == b"{}\r\n\x00\xff"


def test_files_are_listed_newest_first(client, file):
    newer = client.files.create(file=("other.txt", b"Oslo"), purpose="user_data")
    assert [item.id for item in client.files.list()] == [newer.id, file.id]


def test_a_deleted_file_is_gone(client, file):
    assert client.files.delete(file.id).deleted is True
    with pytest.raises(openai.NotFoundError):
        client.files.content(file.id)


def test_files_are_free(api, client, file):
    client.files.retrieve(file.id)
    assert api.bill.calls == ()


def test_a_form_without_a_file_is_refused(client):
    with pytest.raises(openai.BadRequestError, match="no form"):
        client.post("/files", body={"purpose": "batch"}, cast_to=object)
