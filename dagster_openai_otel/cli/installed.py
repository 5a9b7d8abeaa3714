"""What is installed: versions that are known, prices, and others that instrument openai."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, distribution, entry_points, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from dagster_openai_otel.cli.findings import Finding, info, ok, problem, warning

_OURS = "dagster-openai-otel"
# its own entry point of the same kind
_ENTRY = "dagster_openai_otel"
# a dependency of this library, which puts it on by itself where spans are exported
_NEEDED = {"opentelemetry-instrumentation-openai"}
_OLD_DAYS = 90
_PRICES = "genai_prices/data.py"
_SINCE = re.compile(r"start_date=datetime\.date\((\d+), (\d+), (\d+)\)")
_DISABLED = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
_INSTRUMENTORS = "opentelemetry_instrumentor"
# what `opentelemetry-instrument` puts on the path of the processes that it starts
_AUTOMATIC = "auto_instrumentation"


def versions() -> Iterator[Finding]:
    """Of this library, and of all that it needs: are they within its bounds?"""
    yield ok("versions", f"{_OURS} {version(_OURS)}")
    for text in requires(_OURS) or ():
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            yield problem("versions", f"{wanted.name} is not installed", f"Install '{wanted}'.")
            continue
        if wanted.specifier.contains(found, prereleases=True):
            yield ok("versions", f"{wanted.name} {found}")
        else:
            yield problem(
                "versions",
                f"{wanted.name} {found} is not supported",
                f"Install '{wanted.name}{wanted.specifier}'.",
            )


def price_table() -> Iterator[Finding]:
    """How old the prices are: since when the newest of them holds that holds today."""
    name, today = f"genai-prices {version('genai-prices')}", datetime.now(tz=UTC).date()
    table = Path(str(distribution("genai-prices").locate_file(_PRICES)))
    text = table.read_text(encoding="utf-8") if table.is_file() else ""
    holding = [day for found in _SINCE.findall(text) if (day := date(*map(int, found))) <= today]
    if not holding:
        yield info("prices", f"{name}, which does not say how old it is")
        return
    age = (today - max(holding)).days
    said = f"{name}: its newest price holds since {max(holding)}, {age} days ago"
    if age > _OLD_DAYS:
        fix = "Upgrade genai-prices: newer models have no price yet, and prices may have changed."
        yield warning("prices", said, fix)
    else:
        yield ok("prices", said)


def instrumentors() -> Iterator[Finding]:
    """Others that instrument openai as soon as a process starts, which doubles spans and not usage."""
    automatic = any(_AUTOMATIC in part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep))
    disabled = {name.strip() for name in os.environ.get(_DISABLED, "").split(",")}
    for entry in entry_points(group=_INSTRUMENTORS):
        if "openai" not in entry.name or entry.dist is None or entry.dist.name == _OURS:
            continue
        name = f"{entry.dist.name} {entry.dist.version}"
        driven = entry.dist.name in _NEEDED and _ENTRY not in disabled
        if automatic and not driven and entry.name not in disabled:
            others = ",".join(sorted({*filter(None, disabled), entry.name}))
            yield warning(
                "instrumentors",
                f"opentelemetry-instrument puts on {name}, whose spans stand beside those of this library",
                f"Set {_DISABLED}={others}.",
            )
        elif entry.dist.name not in _NEEDED:
            yield info("instrumentors", f"{name} is installed; nothing here puts it on by itself")


def dagster_openai() -> Iterator[Finding]:
    """Whether dagster-openai is there too."""
    try:
        found = version("dagster-openai")
    except PackageNotFoundError:
        return
    yield info(
        "instrumentors",
        f"dagster-openai {found} is installed; its resource can be this library's: one import",
    )
