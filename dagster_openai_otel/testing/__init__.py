"""Tools for tests: an OpenAI API on the loopback interface that keeps a ledger.

Nothing is loaded before it is used, as pytest loads this package in every run.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster_openai_otel.testing.answers import Answer, Request, ToolCall
    from dagster_openai_otel.testing.billing import Bill, BilledCall
    from dagster_openai_otel.testing.capture import CapturedUsage, capture_usage
    from dagster_openai_otel.testing.server import FakeOpenAI

__all__ = [
    "Answer",
    "Bill",
    "BilledCall",
    "CapturedUsage",
    "FakeOpenAI",
    "Request",
    "ToolCall",
    "capture_usage",
]

_MODULES = {
    "Answer": "answers",
    "Bill": "billing",
    "BilledCall": "billing",
    "CapturedUsage": "capture",
    "FakeOpenAI": "server",
    "Request": "answers",
    "ToolCall": "answers",
    "capture_usage": "capture",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value
