"""The documents that the demo reads."""

from importlib.resources import files

import pytest

DOCUMENTS = {
    file.name: file.read_text(encoding="utf-8")
    for file in (files("dagster_openai_otel.demo") / "documents").iterdir()
}


@pytest.mark.parametrize("day", ["2026-11-16", "2026-11-17", "2026-11-18"])
def test_each_day_has_several_documents(day):
    assert len([name for name in DOCUMENTS if name.startswith(day)]) >= 2


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_document_has_a_heading_and_the_length_of_a_page(name):
    assert DOCUMENTS[name].startswith("# ")
    assert 150 <= len(DOCUMENTS[name].split()) <= 400
