"""Variables of the environment: found, read, and one clear line where one holds what is not allowed."""

import os
import sys
from importlib.metadata import EntryPoint, entry_points

from dagster_openai_otel.faults import say_once

_LOCATIONS = ("DAGSTER_LOCATION_NAME", "DAGSTER_CLOUD_LOCATION_NAME")
_LOCATION_OPTION = "--location-name"


def found(*names: str) -> tuple[str, str] | None:
    """The first of some variables that is set, with what it holds; an empty one is not set."""
    return next(((name, text) for name in names if (text := os.environ.get(name, "").strip())), None)


def text_of(*names: str) -> str | None:
    """What the first of some variables that is set holds; `None` where none is set."""
    variable = found(*names)
    return variable[1] if variable else None


def say_wrong(variable: tuple[str, str], allowed: str, outcome: str) -> None:
    """Say once that a variable holds what is not allowed.

    Args:
        variable: Its name and what it holds.
        allowed: What it can hold, and what to do.
        outcome: What is done now.
    """
    name, text = variable
    say_once(f"{name} is {text!r}: {outcome}. Allowed: {allowed}")


def whole_number(name: str, default: int, *, least: int = 1) -> int:
    """What a variable holds, as a number; the default where it is not set, or no such number."""
    variable = found(name)
    if variable is None:
        return default
    text = variable[1]
    if text.isdecimal() and int(text) >= least:
        return int(text)
    say_wrong(variable, f"a whole number, {least} or more", f"{default} holds instead")
    return default


def installed(group: str, name: str) -> EntryPoint | None:
    """What a variable can name, from some group of entry points; `None` where it is not installed."""
    (*_, entry) = (None, *entry_points(group=group, name=name))
    return entry


def code_location() -> str | None:
    """The code location that this process serves, where Dagster's variables or its command line say so."""
    told = text_of(*_LOCATIONS)
    if told is None and _LOCATION_OPTION in sys.argv[:-1]:
        told = sys.argv[sys.argv.index(_LOCATION_OPTION) + 1]
    return told
