"""What loading the definitions shows: are they instrumented, and by whom else?"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dagster_openai_otel.cli.findings import Finding, info, ok, problem, warning
from dagster_openai_otel.cli.variables import shown

_TOPIC = "definitions"
_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What holds the definitions."""

    kind: Literal["module", "file"]
    name: str


def look_at(target: Target) -> Iterator[Finding]:
    """Load definitions in a process of its own, and say what is found there."""
    command = [sys.executable, "-m", "dagster_openai_otel.cli.loading", target.kind, target.name]
    reader, writer = os.pipe()
    try:
        done = subprocess.run(  # noqa: S603  # our own command; the target is what the user named
            [*command, str(writer)],
            pass_fds=(writer,),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        os.close(writer)
        fix = "See what they wait for: code locations that load so slowly fail in Dagster too."
        yield problem(_TOPIC, f"{target.name} is not loaded within {_SECONDS} s", fix)
        return
    os.close(writer)
    with os.fdopen(reader) as report:
        said = report.read()
    if not said:
        last = (done.stderr.strip().splitlines() or ["it ended the process"])[-1]
        fix = "Run it where Dagster runs, in the folder that Dagster runs in."
        yield problem(_TOPIC, f"{target.name} cannot be loaded: {last}", fix)
        return
    yield from _findings(target, json.loads(said))


def _findings(target: Target, found: Mapping[str, Any]) -> Iterator[Finding]:
    settings = found["settings"]
    if settings is None:
        fix = (
            f"Add to {target.name}: from dagster_openai_otel import instrument; instrument()"
            " (clients of its OpenAIResource are counted without)."
        )
        yield problem(
            _TOPIC, f"{target.name} does not call instrument(), so plain calls are not counted", fix
        )
    else:
        yield ok(_TOPIC, f"{target.name} calls instrument()")
        for name, (value, source) in settings.items():
            yield (info if source == "default" else ok)(_TOPIC, f"{name}: {shown(name, value)} ({source})")
        yield from _places(found["places"])
    for name in found["others"]:
        fix = f"Do without one of the two: the spans of {name}, or call_spans of this library set to off."
        yield warning(
            "instrumentors",
            f"{name} instruments openai too: each call has spans of both. Usage counts once",
            fix,
        )
    if found["dagster_openai"]:
        fix = "from dagster_openai_otel import OpenAIResource: the same, and each call counts once."
        yield warning(
            "instrumentors", f"{target.name} uses dagster-openai's resource, which logs usage as well", fix
        )


def _places(places: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Places of Dagster that are wrapped or read, and those that this version does not have."""
    missing = {name: place for name, place in places.items() if not place["found"]}
    for name, place in missing.items():
        fix = f"Report it, with the version of Dagster. Until then: {place['without']}."
        yield problem(_TOPIC, f"this version of Dagster has no {name}", fix)
    if not missing:
        yield ok(_TOPIC, f"all {len(places)} places of Dagster that are relied on are there")
