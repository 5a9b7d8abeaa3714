"""Where a call came from, of all the frames that it passes through."""

import asyncio
import threading
from pathlib import Path
from types import ModuleType

import pytest

from dagster_openai_otel import places
from dagster_openai_otel.places import calling_place, listed

HERE = Path(__file__)


def loaded(folder: Path, name: str, source: str) -> ModuleType:
    """A module of a file in a folder."""
    file = folder / f"{name}.py"
    file.write_text(source)
    module = ModuleType(name)
    module.__dict__["calling_place"] = calling_place
    exec(compile(source, str(file), "exec"), module.__dict__)  # noqa: S102  # the test's own
    return module


def in_thread(function):
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_it_is_the_line_of_the_innermost_code_that_is_not_installed():
    line = test_it_is_the_line_of_the_innermost_code_that_is_not_installed.__code__.co_firstlineno + 4

    def ask():
        return calling_place()

    assert ask() == f"{HERE}:{line} in ask"


@pytest.mark.parametrize("name", ["openai", "httpx", "wrapt"])
def test_the_sdk_and_what_it_stands_on_are_passed_over(name, tmp_path):
    sdk = loaded(tmp_path, name, "def request(): return calling_place()")

    assert sdk.request().startswith(f"{HERE}:")


def test_installed_code_is_passed_over_for_the_users(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_INSTALLED", (str(tmp_path),))
    chain = loaded(tmp_path, "chain", "def invoke(): return calling_place()")

    assert chain.invoke().startswith(f"{HERE}:")


def test_where_all_code_is_installed_it_is_the_innermost_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_INSTALLED", (str(tmp_path), str(HERE.parent)))
    chain = loaded(tmp_path, "chain", "\ndef invoke(): return calling_place()")

    assert in_thread(chain.invoke) == f"{tmp_path / 'chain.py'}:2 in invoke"


def test_a_task_is_followed_to_the_code_that_awaits():
    async def ask():
        await asyncio.sleep(0)
        return calling_place()

    async def both():
        return await asyncio.gather(ask(), asyncio.to_thread(calling_place))

    first, second = asyncio.run(both())

    assert first.endswith(" in ask")
    assert second == places.UNKNOWN


def test_of_many_places_the_first_are_listed_and_the_others_counted():
    assert listed(["a", "b"]) == "a, b"
    assert listed(map(str, range(7))) == "0, 1, 2, 3, 4, 2 more places"
