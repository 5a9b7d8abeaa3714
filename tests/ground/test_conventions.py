import ast
import re
from pathlib import Path

import pytest

from dagster_openai_otel import conventions

NAMES = {name: value for name, value in vars(conventions).items() if name.isupper()}
SOURCE = ast.parse(Path(conventions.__file__).read_text())


def docstrings() -> dict[str, str]:
    """The text under each constant."""
    found = {}
    for constant, text in zip(SOURCE.body, SOURCE.body[1:], strict=False):
        if (
            isinstance(constant, ast.AnnAssign)
            and isinstance(constant.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[constant.target.id] = str(text.value.value)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_constant_has_a_docstring_under_it(name: str):
    assert len(docstrings().get(name, "")) > 10


def test_every_constant_is_a_text_and_none_has_the_value_of_another():
    assert all(isinstance(value, str) for value in NAMES.values())
    assert len(set(NAMES.values())) == len(NAMES)


def test_metadata_keys_are_lower_case_words_behind_one_slash():
    keys = [value for value in NAMES.values() if "/" in value]

    assert len(keys) > 15
    for key in keys:
        assert re.fullmatch(r"openai/[a-z]+(_[a-z]+)*", key), key


def test_attributes_are_lower_case_words_behind_dots():
    attributes = [
        value for name, value in NAMES.items() if "/" not in value and not name.endswith(("SCOPE", "PREFIX"))
    ]

    for attribute in attributes:
        assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", attribute), attribute


def test_the_unit_of_a_number_is_in_its_key():
    for name, text in docstrings().items():
        if "/" in NAMES[name] and "dollars" in text:
            assert NAMES[name].endswith("_usd")
        if "/" in NAMES[name] and "seconds" in text:
            assert NAMES[name].endswith("_s")
        if "/" in NAMES[name] and "`int`, tokens" in text:
            assert NAMES[name].endswith("_tokens")
