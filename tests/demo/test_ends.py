"""How the demo ends where it cannot go on."""

import pytest

from tests.demo.running import started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize("words", ["Starting Dagster", "summaries  started"])
def test_ctrl_c_stops_the_demo_and_all_of_its_processes(tmp_path, words):
    with started(tmp_path) as running:
        running.read_until(words)
        running.interrupt()
        demo = running.end()

    assert demo.lines[-1] == "Stopped. Nothing is left running."
    assert demo.status == 130
    assert demo.left == []
    assert "Traceback" not in demo.output


def test_an_api_that_cannot_be_reached_ends_the_demo_with_a_message(tmp_path):
    # nobody listens on port 9
    with started(tmp_path, OPENAI_API_KEY="key", OPENAI_BASE_URL="http://127.0.0.1:9/v1") as running:
        demo = running.end()

    assert demo.status == 1
    assert "failed after" in demo.output
    assert "openai.APIConnectionError: Connection error." in demo.output
    assert "check OPENAI_API_KEY and OPENAI_BASE_URL" in demo.output
    assert "triage" not in demo.output
    assert demo.left == []


def test_with_opentelemetry_turned_off_the_demo_does_not_start(tmp_path):
    with started(tmp_path, OTEL_SDK_DISABLED="true") as running:
        demo = running.end()

    assert demo.status == 1
    assert "The demo cannot go on: OTEL_SDK_DISABLED is set to 'true'" in demo.output


def test_a_folder_that_is_not_the_demos_is_left_as_it_is(tmp_path):
    kept = tmp_path / ".demo" / "precious.txt"
    kept.parent.mkdir()
    kept.write_text("precious")
    with started(tmp_path) as running:
        demo = running.end()

    assert demo.status == 1
    assert "the demo did not make it" in demo.output
    assert kept.read_text() == "precious"
