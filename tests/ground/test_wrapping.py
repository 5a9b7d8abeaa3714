"""Wrappers that can be taken off, whatever others have wrapped since."""

from types import ModuleType
from typing import Any

import pytest
import wrapt

from dagster_openai_otel.wrapping import Wrapping


class Base:
    """Where a method is inherited from."""

    def said(self) -> list[str]:
        return ["it"]


@pytest.fixture
def owner() -> Any:
    return type("Owner", (Base,), {"own": lambda self: ["own"]})  # a method


def adding(name: str) -> Any:
    return lambda wrapped, bound, args, kwargs: [name, *wrapped(*args, **kwargs)]  # wrapt's


@pytest.mark.parametrize("method", ["own", "said"])
def test_what_is_outermost_is_taken_off(owner, method):
    plain = getattr(owner(), method)()
    wrapping = Wrapping()
    wrapping.wrap(owner, method, adding("ours"))
    assert getattr(owner(), method)() == ["ours", *plain]
    wrapping.take_off()
    assert getattr(owner(), method)() == plain
    assert not isinstance(getattr(owner, method), wrapt.FunctionWrapper)


def test_what_others_have_wrapped_since_stays_theirs_and_does_nothing(owner):
    wrapping = Wrapping()
    wrapping.wrap(owner, "said", adding("ours"))
    wrapt.wrap_function_wrapper(owner, "said", adding("theirs"))
    assert owner().said() == ["theirs", "ours", "it"]
    wrapping.take_off()
    assert owner().said() == ["theirs", "it"]


def test_put_on_again_over_anothers_it_does_its_work_once(owner):
    for _ in range(3):
        wrapping = Wrapping()
        wrapping.wrap(owner, "said", adding("ours"))
        wrapt.wrap_function_wrapper(owner, "said", adding("theirs"))
        assert owner().said().count("ours") == 1
        wrapping.take_off()
    assert owner().said() == ["theirs"] * 3 + ["it"]


def test_a_path_leads_into_a_module(owner):
    module = ModuleType("module")
    module.Owner = owner  # type: ignore[attr-defined]  # of the test's own
    wrapping = Wrapping()
    wrapping.wrap(module, "Owner.said", adding("ours"))
    assert owner().said() == ["ours", "it"]
    wrapping.take_off()
    assert owner().said() == ["it"]


def test_what_is_not_there_cannot_be_wrapped(owner):
    with pytest.raises(AttributeError):
        Wrapping().wrap(owner, "nothing", adding("ours"))
