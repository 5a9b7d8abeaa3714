from decimal import Decimal
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from dagster_openai_otel.errors import DagsterOpenAIOtelError, SettingError
from dagster_openai_otel.settings import Settings, resolve

PREFIX = "DAGSTER_OPENAI_OTEL_"
TRACE_URL = "http://localhost:16686/trace/{trace_id}"

# setting -> (text in the environment, what it means, another value as an argument, what that means)
GOOD = {
    "trace_url": (TRACE_URL, TRACE_URL, "http://other/{trace_id}", "http://other/{trace_id}"),
    "webserver_url": ("http://dagster:3000/", "http://dagster:3000", "https://d.io/a/", "https://d.io/a"),
    "call_spans": (" ON ", "on", "off", "off"),
    "stream_usage": ("always", "always", "Never", "never"),
    "capture_content": ("yes", True, False, False),
    "prices": (
        '{"ours": {"input_mtok": 0.1}}',
        {"ours": {"input_mtok": Decimal("0.1")}},
        {"ours": "gpt-5-mini"},
        {"ours": "gpt-5-mini"},
    ),
    "flush_timeout": ("0.5", 0.5, 3, 3.0),
}
DEFAULTS: dict[str, object] = {
    "trace_url": None,
    "webserver_url": None,
    "call_spans": "auto",
    "stream_usage": "auto",
    "capture_content": False,
    "prices": {},
    "flush_timeout": 2.0,
}

# setting -> values that are refused, what the message says is allowed, and a word of its fix
BAD: dict[str, tuple[list[Any], str, str]] = {
    "trace_url": (["", "http://x/", "{trace_id}{span_id}", "{trace_id", 1], "{trace_id}", "For Jaeger"),
    "webserver_url": (
        [
            "",
            "localhost:3000",
            "ftp://x",
            "http://",
            "http://me:key@x",
            "http://x/?a",
            "http://x/#a",
            "http://[",
            1,
        ],
        "an http or https URL",
        "For `dagster dev`",
    ),
    "call_spans": (["maybe", "", True, 1], "auto, on, off", "Set it to 'auto'"),
    "stream_usage": (["on", 1], "auto, always, never", "Set it to 'auto'"),
    "capture_content": (["maybe", 2, "", []], "true, false", "Set it to true"),
    "prices": (
        [
            "no json",
            "[]",
            [],
            {"m": ""},
            {"m": 1},
            {"m": {}},
            {"m": {"no_such_key": 1}},
            {"m": {"input_mtok": -1}},
            {"m": {"input_mtok": "x"}},
            {"m": {"input_mtok": float("nan")}},
            {"m": {"input_mtok": None}},
        ],
        "a mapping",
        "For example",
    ),
    "flush_timeout": (["soon", "-1", -1, "nan", "inf", True, []], "seconds, 0 or more", "Set it to 2"),
    "tracer_provider": (["otlp", 1], "TracerProvider", "Pass an instance"),
}
REFUSED = [(name, value) for name, (values, *_) in BAD.items() for value in values]
REFUSED_TEXTS = [
    (name, value) for name, value in REFUSED if isinstance(value, str) and value and name != "tracer_provider"
]


@pytest.mark.parametrize("name", GOOD)
def test_a_setting_that_nobody_set_has_its_default(name: str):
    assert getattr(resolve({}), name) == DEFAULTS[name]


@pytest.mark.parametrize("name", GOOD)
def test_the_environment_goes_before_the_default(name: str, monkeypatch: pytest.MonkeyPatch):
    text, meaning, *_ = GOOD[name]
    monkeypatch.setenv(PREFIX + name.upper(), text)

    assert getattr(resolve({}), name) == meaning


@pytest.mark.parametrize("name", GOOD)
def test_the_argument_goes_before_the_environment(name: str, monkeypatch: pytest.MonkeyPatch):
    text, _, argument, meaning = GOOD[name]
    monkeypatch.setenv(PREFIX + name.upper(), text)

    assert getattr(resolve({name: argument}), name) == meaning


@pytest.mark.parametrize("name", GOOD)
def test_an_argument_of_none_leaves_it_to_the_environment(name: str, monkeypatch: pytest.MonkeyPatch):
    text, meaning, *_ = GOOD[name]
    monkeypatch.setenv(PREFIX + name.upper(), text)

    assert getattr(resolve({name: None}), name) == meaning


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_one_that_is_not_set(name: str, empty: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(PREFIX + name.upper(), empty)

    assert getattr(resolve({}), name) == DEFAULTS[name]


def test_a_provider_is_an_argument_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(PREFIX + "TRACER_PROVIDER", "anything")
    provider = TracerProvider(shutdown_on_exit=False)

    assert resolve({}).tracer_provider is None
    assert resolve({"tracer_provider": provider}).tracer_provider is provider


def test_all_settings_are_tested_here():
    assert set(GOOD) | {"tracer_provider"} == set(Settings.__slots__) == set(BAD)


@pytest.mark.parametrize(("name", "value"), REFUSED, ids=repr)
def test_a_bad_argument_is_refused_with_its_name_its_value_what_is_allowed_and_a_fix(
    name: str, value: object
):
    _, allowed, fix = BAD[name]

    with pytest.raises(SettingError) as caught:
        resolve({name: value})

    message = str(caught.value)
    assert message.startswith(f"{name} is set to {value!r}. Allowed: ")
    assert allowed in message
    assert fix in message
    assert isinstance(caught.value, DagsterOpenAIOtelError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(("name", "text"), REFUSED_TEXTS, ids=repr)
def test_a_bad_variable_is_refused_by_the_name_of_the_variable(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(PREFIX + name.upper(), text)

    with pytest.raises(SettingError, match=rf"^{PREFIX}{name.upper()} is set to '") as caught:
        resolve({})

    assert repr(text) in str(caught.value)


def test_an_unknown_setting_is_refused_with_the_names_there_are():
    with pytest.raises(TypeError) as caught:
        resolve({"trace_uri": TRACE_URL})

    assert str(caught.value) == (
        "unknown setting 'trace_uri'; there are: tracer_provider, trace_url, webserver_url, call_spans,"
        " stream_usage, capture_content, prices, flush_timeout"
    )
