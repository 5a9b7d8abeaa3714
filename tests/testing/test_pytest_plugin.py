"""The pytest plugin."""

import subprocess
import sys

pytest_plugins = "pytester"

PLUGIN = "dagster_openai_otel.testing.pytest_plugin"


def test_the_fixture_is_a_server_to_which_the_environment_leads_during_the_test(pytester):
    pytester.makepyfile(
        """
        import os
        import openai

        def test_call(fake_openai):
            with openai.OpenAI() as client:
                client.responses.create(model="gpt-4o-mini", input="Oslo")
            assert len(fake_openai.bill.calls) == 1

        def test_afterwards():
            assert "OPENAI_BASE_URL" not in os.environ
        """
    )
    result = pytester.runpytest_inprocess("-W", "error")
    result.assert_outcomes(passed=2)


def test_the_plugin_loads_nothing_but_itself():
    code = f"import sys, pytest; old = set(sys.modules); import {PLUGIN}; print(*set(sys.modules) - old)"
    result = subprocess.run(  # noqa: S603 # this very interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    packages = {name.split(".")[0] for name in result.stdout.split()}
    assert packages - sys.stdlib_module_names == {"dagster_openai_otel"}
