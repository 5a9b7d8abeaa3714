"""What `doctor` finds in definitions, loaded in a process of their own."""

import pytest

from tests.cli.command import Ended
from tests.cli.test_doctor import doctor, to_mend


@pytest.fixture
def definitions(tmp_path):
    """Look at definitions, in a file."""

    def look(source: str, **environment: str) -> Ended:
        file = tmp_path / "my_definitions.py"
        file.write_text(source)
        path = f"{tmp_path}"
        return doctor("-f", str(file), "--format", "json", PYTHONPATH=path, **environment)

    return look


INSTRUMENTED = """
import dagster as dg
from dagster_openai_otel import instrument
instrument(call_spans="off")
"""


@pytest.mark.slow
def test_definitions_that_are_instrumented_are_well_and_their_settings_told(definitions):
    ended = definitions(INSTRUMENTED, DAGSTER_OPENAI_OTEL_STREAM_USAGE="never")
    texts = [finding["text"] for finding in ended.json if finding["topic"] == "definitions"]

    assert ended.status == 0, to_mend(ended)
    assert texts[0].endswith("my_definitions.py calls instrument()")
    assert "call_spans: off (from instrument())" in texts
    assert "stream_usage: never (from DAGSTER_OPENAI_OTEL_STREAM_USAGE)" in texts
    assert "flush_timeout: 2.0 (default)" in texts
    assert any("places of Dagster that are relied on are there" in text for text in texts)


@pytest.mark.slow
def test_definitions_that_are_made_lazily_are_made(definitions):
    ended = definitions("""
import dagster as dg

@dg.definitions
def defs():
    from dagster_openai_otel import instrument
    instrument()
    return dg.Definitions()
""")

    assert ended.status == 0, to_mend(ended)


@pytest.mark.slow
def test_definitions_that_are_not_instrumented_are_found(definitions):
    ended = definitions("import dagster as dg\nprint('what a module prints does no harm')")

    assert ended.status == 1
    assert ["does not call instrument()" in text for text in to_mend(ended)] == [True]
    assert any("instrument()" in (finding["fix"] or "") for finding in ended.json)


@pytest.mark.slow
def test_definitions_that_cannot_be_loaded_are_found(definitions):
    ended = definitions("raise RuntimeError('no such luck')")

    assert ended.status == 1
    assert "cannot be loaded: RuntimeError: no such luck" in to_mend(ended)[0]


@pytest.mark.slow
def test_others_that_instrument_openai_are_found(definitions, tmp_path):
    (tmp_path / "dagster_openai.py").write_text("class OpenAIResource: ...")
    ended = definitions(f"""{INSTRUMENTED}
import dagster_openai
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
OpenAIInstrumentor().instrument()
""")
    texts = " ".join(to_mend(ended))

    assert ended.status == 1
    assert "Traceloop's instrumentation instruments openai too" in texts
    assert "uses dagster-openai's resource" in texts
