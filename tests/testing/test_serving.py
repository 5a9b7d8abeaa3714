"""`python -m dagster_openai_otel.testing`: the stand-in in a terminal."""

import os
import signal
import subprocess
import sys

import openai
import pytest


@pytest.mark.slow
def test_it_prints_where_it_is_answers_there_and_tells_its_bill_at_the_end():
    with subprocess.Popen(
        [sys.executable, "-m", "dagster_openai_otel.testing"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    ) as process:
        assert process.stdout
        url, key = (process.stdout.readline().strip().partition("=")[2] for _ in range(2))
        try:
            with openai.OpenAI(base_url=url, api_key=key) as client:
                answer = client.responses.create(model="gpt-5-mini", input="Hello.")
        finally:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)

    assert process.returncode == 0
    assert answer.usage
    assert f"Billed: 1 calls, {answer.usage.total_tokens} tokens, $0.0" in said
