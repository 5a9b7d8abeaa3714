"""The lines of the log that the page on troubleshooting shows are lines that the library writes."""

import ast
import logging
import re
from collections.abc import Iterator

import openai
import pytest

from dagster_openai_otel import errors, outside, record_usage
from tests.docs.pages import DOCS, ROOT, blocks_of

_LINES = [
    line
    for block in blocks_of(DOCS / "troubleshooting.md")
    if block.language == "text"
    for line in block.code.splitlines()
]
# fewer letters would fit anything
_FEWEST_LETTERS = 20


def _pattern(node: ast.expr) -> str:
    """What a text in the source can become: `.+` stands for what is put in."""
    match node:
        case ast.Constant(value=str(text)):
            return ".+".join(re.escape(part) for part in re.split(r"%s|%r", text))
        case ast.JoinedStr(values=values):
            return "".join(_pattern(value) for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _pattern(left) + _pattern(right)
    return ".+"


def _patterns() -> Iterator[str]:
    for path in (ROOT / "dagster_openai_otel").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr | ast.Constant):
                pattern = _pattern(node)
                if len(re.sub(r"\.\+|\W", "", pattern)) >= _FEWEST_LETTERS:
                    yield pattern


@pytest.fixture(scope="module")
def patterns() -> list[str]:
    return list(_patterns())


@pytest.mark.parametrize("line", [line for line in _LINES if not line.startswith(outside._MESSAGE)])
def test_a_line_of_the_log_is_one_that_the_library_can_write(line: str, patterns: list[str]):
    assert any(re.search(pattern, line) for pattern in patterns)


def test_a_line_that_nothing_writes_would_be_found(patterns: list[str]):
    invented = "lost because of a mishap in dagster-openai-otel: the usage of a call"
    assert not any(re.search(pattern, invented) for pattern in patterns)


def test_a_call_outside_of_steps_is_told_as_the_page_shows(api, caplog):
    with caplog.at_level(logging.WARNING, "dagster_openai_otel"), openai.OpenAI() as client:
        client.responses.create(model="gpt-5-mini", input="Say hello.")

    (told,) = (record.getMessage() for record in caplog.records if record.name == "dagster_openai_otel")
    (shown,) = (line for line in _LINES if "So far:" in line)
    form = re.compile(r"/\S+\.py:\d+ in \w+|[\d,]+(?= calls?| tokens)|(?<=\$)[\d.]+| calls?(?=,)")
    assert form.sub("_", told) == form.sub("_", shown)


def test_an_error_reads_as_the_page_shows():
    made = ("summary", "keywords")
    with pytest.raises(errors.UsageError) as refused:
        record_usage("no usage")

    assert str(errors.AttributionError(kind="asset", given="sumary", made=made)) in _LINES
    assert str(refused.value) in _LINES
