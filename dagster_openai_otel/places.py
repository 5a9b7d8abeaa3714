"""Where a call came from: the line of the user's code."""

import sys
import sysconfig
from collections.abc import Iterable
from inspect import currentframe
from pathlib import Path
from types import FrameType

UNKNOWN = "an unknown place"
_LISTED = 5
_OURS = str(Path(__file__).parent)
_PYTHON = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("purelib", "platlib")})
# between the user's code and a request, also where all of them are installed in one folder
_BETWEEN = {"openai", "httpx", "httpx2", "opentelemetry", "wrapt", "anyio"}


def listed(places: Iterable[str]) -> str:
    """Some places in words; of many, the first ones."""
    places = list(places)
    more = [f"{len(places) - _LISTED} more places"] if len(places) > _LISTED else []
    return ", ".join([*places[:_LISTED], *more])


def calling_place() -> str:
    """The line that the running call came from: `poems.py:12 in draft`, with the file's path.

    The innermost frame of code that is not installed; where all of it is, the innermost one that is neither
    Python's, nor the SDK's, nor ours.
    """
    between: FrameType | None = None
    frame = currentframe()
    while frame is not None:
        file = frame.f_code.co_filename
        if not _is_between(frame, file):
            if not file.startswith(_INSTALLED):
                return _described(frame)
            between = between or frame
        frame = frame.f_back
    return _described(between) if between is not None else UNKNOWN


def _is_between(frame: FrameType, file: str) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    if package in _BETWEEN or file.startswith((_OURS, "<frozen ")):
        return True
    return package in sys.stdlib_module_names and file.startswith(_PYTHON)


def _described(frame: FrameType) -> str:
    code = frame.f_code
    return f"{code.co_filename}:{frame.f_lineno} in {code.co_name}"
