"""Environment variables: the library's own, and those of OpenTelemetry."""

import difflib
import os
from collections.abc import Iterator

from dagster_openai_otel.cli.findings import Finding, info, ok, problem, warning
from dagster_openai_otel.errors import SettingError
from dagster_openai_otel.settings import ENVIRONMENT_PREFIX, VARIABLES, settle
from dagster_openai_otel.tracing import sdk_disabled

_TOPIC = "settings"


def variables() -> Iterator[Finding]:
    """Each setting that the environment gives, and what is set in vain."""
    given = {name: variable for name, variable in VARIABLES.items() if os.environ.get(variable, "").strip()}
    for name, variable in given.items():
        try:
            value = settle(name, {})
        except SettingError as error:
            yield problem(_TOPIC, f"{variable} is not allowed, so instrument() raises", str(error))
        else:
            yield ok(_TOPIC, f"{variable} is {shown(name, value)}")
    if not given:
        yield info(
            _TOPIC, f"no {ENVIRONMENT_PREFIX}* is set: defaults, where instrument() is given no others"
        )
    yield from _unknown()
    if sdk_disabled():
        yield problem(_TOPIC, "OTEL_SDK_DISABLED is true: nothing is recorded, usage neither", "Unset it.")


def shown(name: str, value: object) -> str:
    """A setting as it may be shown: of own prices only whose they are."""
    if name == "prices" and isinstance(value, dict | list):
        return f"for {', '.join(value)}" if value else "none"
    return str(value)


def _unknown() -> Iterator[Finding]:
    known = set(VARIABLES.values())
    for variable in sorted(os.environ):
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in known:
            meant = difflib.get_close_matches(variable, known, 1)
            fix = f"Is {meant[0]} meant?" if meant else f"There are: {', '.join(sorted(known))}."
            yield warning(_TOPIC, f"{variable} is no setting, and does nothing", fix)
