"""The reference of names, which is made from `conventions.py` when the documentation is built."""

import importlib.util
from collections import Counter
from types import ModuleType

import pytest

from dagster_openai_otel import conventions
from dagster_openai_otel.usage import FIELDS
from tests.docs.pages import DOCS


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    # not among the oldest dependencies
    pytest.importorskip("sphinx")
    spec = importlib.util.spec_from_file_location("names_reference", DOCS / "_ext" / "names_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def shown(reference) -> list[str]:
    """The names on all pages."""
    asked = list(reference.asked_for(DOCS))
    return [name.value for wanted in asked for name in reference.chosen(wanted, iter(asked))]


def test_each_name_of_the_conventions_is_on_one_page_once(shown):
    constants = {value for name, value in vars(conventions).items() if name.isupper()}
    counts = {conventions.OPENAI_USAGE_PREFIX + field for field in FIELDS}

    wanted = constants - {conventions.OPENAI_USAGE_PREFIX} | counts

    assert set(shown) == wanted
    assert [name for name, times in Counter(shown).items() if times > 1] == []


def test_each_name_says_what_it_means(reference):
    assert [name.constant for name in reference.names() if not name.meaning] == []


def test_each_attribute_and_key_has_a_type(reference):
    places = {"SCOPE", "CALLS_SCOPE", "RUN_PREFIX"}
    assert [
        name.constant for name in reference.names() if not name.kind and name.constant not in places
    ] == []


def test_a_docstring_is_read_part_by_part(reference):
    read = reference._read("A", "a.b", "`float`, seconds: how long; only where it ran. Source: GenAI.")
    assert (read.kind, read.unit, read.meaning) == ("`float`", "seconds", "how long")
    assert (read.when, read.source) == ("only where it ran", "GenAI")


def test_a_table_leaves_out_the_columns_that_nothing_stands_in(reference):
    rows = [reference._read("A", "a.b", "`int`: this | that.")]
    assert reference.table(rows).splitlines() == [
        "| name | type | meaning |",
        "| --- | --- | --- |",
        r"| `a.b` | `int` | this \| that |",
    ]
