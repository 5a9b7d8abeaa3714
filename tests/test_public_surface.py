import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import dagster as dg
import pytest

import dagster_openai_otel
from dagster_openai_otel import errors, faults, instrument
from dagster_openai_otel.testing import FakeOpenAI
from tests.processes import run_python

NAMES = [
    "DagsterInstrumentor",
    "DagsterSpanProcessor",
    "OpenAIOtelComponent",
    "OpenAIRequestInstrumentor",
    "OpenAIResource",
    "Usage",
    "attribute_usage",
    "instrument",
    "record_usage",
    "with_usage_metadata",
]
# oldest versions of Dagster have none
_COMPONENTS = hasattr(dg, "Component")
LOADED_LATE = [
    "openai",
    "genai_prices",
    "httpx",
    "httpx2",
    "opentelemetry.instrumentation.openai",
    "opentelemetry.exporter",
    "requests",
    "grpc",
]
# Prints which of some modules a piece of code has loaded.
LOADED = """
import json, sys
{code}
print(json.dumps([name for name in {names!r} if name in sys.modules]))
"""


def loaded_by(code: str, names: list[str], **environment: str) -> Any:
    return json.loads(run_python(LOADED.format(code=code, names=names), **environment))


def test_the_package_has_these_names_and_no_other():
    assert dagster_openai_otel.__all__ == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if name != "OpenAIOtelComponent" or _COMPONENTS])
def test_each_name_is_there_and_documented(name: str):
    value = getattr(dagster_openai_otel, name)

    assert value.__name__ == name
    assert value.__doc__
    assert name in dir(dagster_openai_otel)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'dagster_openai_otel' has no attribute 'instrumentt'"):
        _ = dagster_openai_otel.instrumentt


def test_all_errors_have_one_base():
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    raised = [error for error in classes if error.__module__ == errors.__name__]

    assert {error.__name__ for error in raised} == {
        "AttributionError",
        "DagsterOpenAIOtelError",
        "SettingError",
        "UsageError",
    }
    assert all(issubclass(error, errors.DagsterOpenAIOtelError) for error in raised)


def test_importing_the_package_loads_nothing_else():
    names = [*LOADED_LATE, "dagster", "opentelemetry", "pydantic", "wrapt"]

    assert loaded_by("import dagster_openai_otel", names) == []


def test_the_pytest_plugin_loads_nothing_else():
    names = [*LOADED_LATE, "dagster", "opentelemetry"]

    assert loaded_by("import dagster_openai_otel.testing.pytest_plugin", names) == []


def test_instrument_loads_neither_the_sdk_nor_exporters_nor_prices():
    assert loaded_by("from dagster_openai_otel import instrument; instrument()", LOADED_LATE) == []


def test_instrument_with_an_endpoint_loads_no_exporter_before_it_is_needed():
    code = "from dagster_openai_otel import instrument; instrument()"

    assert loaded_by(code, LOADED_LATE, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1") == []


def test_a_run_without_an_endpoint_loads_no_exporter_and_leaves_no_thread():
    with FakeOpenAI() as api:
        printed = run_python(
            """
            import json, sys, threading
            import dagster as dg
            from dagster_openai_otel import instrument
            instrument()
            from tests.steps.asking import ask, materialize

            @dg.asset
            def poem():
                ask()

            with dg.DagsterInstance.ephemeral() as instance:
                before = set(threading.enumerate())
                ran = materialize(instance, poem)
                for thread in set(threading.enumerate()) - before:
                    if thread.name == "dagster-openai-otel-prices":
                        thread.join(10)
                left = [thread.name for thread in set(threading.enumerate()) - before]
            late = ("opentelemetry.exporter.otlp", "opentelemetry.instrumentation.openai")
            loaded = [name for name in sys.modules if name.startswith(late)]
            print(json.dumps([ran.places, left, loaded]))
            """,
            **api.environment,
        )

    assert json.loads(printed) == [[["materialization", "poem", 1]], [], []]


def test_no_other_thread_loads_what_the_sdk_looks_for_while_it_answers():
    with FakeOpenAI() as api:
        printed = run_python(
            """
            import json, sys, threading
            from importlib.abc import MetaPathFinder
            from dagster_openai_otel import instrument
            looked_for = []

            class Watching(MetaPathFinder):
                def find_spec(self, name, path=None, target=None):
                    if threading.current_thread() is not threading.main_thread():
                        looked_for.append(name)

            sys.meta_path.insert(0, Watching())
            instrument()
            import openai
            with openai.OpenAI() as client:
                client.responses.create(model="gpt-5-mini", input="Oslo?")
            for thread in threading.enumerate():
                if thread.name == "dagster-openai-otel-prices":
                    thread.join(10)
            print(json.dumps(looked_for))
            """,
            **api.environment,
        )

    assert {name.partition(".")[0] for name in json.loads(printed)} <= {"genai_prices"}


@pytest.mark.slow
def test_twenty_threads_at_once_wrap_everything_once():
    with FakeOpenAI() as api:
        printed = run_python(
            """
            import json, threading
            import dagster as dg, openai
            from dagster._core.execution import api
            from dagster._core.execution.plan import execute_step
            from dagster_openai_otel import instrument

            def layers(function):
                return 1 + layers(function.__wrapped__) if hasattr(function, "_self_wrapper") else 0

            def all_layers():
                return [
                    layers(execute_step.enter_execution_context),
                    layers(execute_step.execute_core_compute),
                    layers(api.ExecuteRunWithPlanIterable.__dict__["__iter__"]),
                    layers(openai.OpenAI.__dict__["request"]),
                    layers(openai.AsyncOpenAI.__dict__["request"]),
                ]

            meet = threading.Barrier(20)
            threads = [threading.Thread(target=lambda: (meet.wait(), instrument())) for _ in range(20)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]

            from tests.steps.asking import ask, materialize
            @dg.asset
            def poem():
                ask()
            with dg.DagsterInstance.ephemeral() as instance:
                print(json.dumps([all_layers(), materialize(instance, poem).places]))
            """,
            **api.environment,
        )

    assert json.loads(printed) == [[1, 1, 1, 1, 1], [["materialization", "poem", 1]]]


def test_another_call_with_other_settings_changes_nothing_and_says_so_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(faults, "_said", set())
    meet = Barrier(4, timeout=10)

    def again(_: int) -> None:
        meet.wait()
        instrument(flush_timeout=7)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(again, range(4)))
    instrument()

    assert len({record.getMessage() for record in caplog.records}) == 1
    assert "those of the first call stay" in caplog.text


def test_a_bad_setting_is_refused_also_when_everything_is_wired():
    with pytest.raises(errors.SettingError, match="flush_timeout is set to 'soon'"):
        instrument(flush_timeout="soon")
