"""What a check-up finds."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "info", "warning", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    """What was looked at: `versions`, `definitions`, `export`, ..."""
    level: Level
    """`ok` and `info` need nothing done; `warning` and `problem` do."""
    text: str
    fix: str | None = None
    """What to do."""

    @property
    def matters(self) -> bool:
        """Whether there is something to mend."""
        return self.level in {"warning", "problem"}


def ok(topic: str, text: str) -> Finding:
    """All is well."""
    return Finding(topic=topic, level="ok", text=text)


def info(topic: str, text: str) -> Finding:
    """Good to know."""
    return Finding(topic=topic, level="info", text=text)


def warning(topic: str, text: str, fix: str) -> Finding:
    """It works, and not as it should."""
    return Finding(topic=topic, level="warning", text=text, fix=fix)


def problem(topic: str, text: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(topic=topic, level="problem", text=text, fix=fix)
