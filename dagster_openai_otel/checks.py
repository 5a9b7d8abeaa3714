"""Is a setting's value allowed? One check a kind of value; each returns the value in its own type.

A check takes the name of the argument or environment variable, for its error, and the value: texts are
what the environment holds.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from math import isfinite
from urllib.parse import urlsplit

from opentelemetry.trace import TracerProvider

from dagster_openai_otel.errors import SettingError
from dagster_openai_otel.pricing import OwnPrice

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_PRICES_FORM = (
    "a mapping (in the environment: a JSON object) from a model or deployment to a model's name, or to"
    " dollars by price key, each zero or more"
)


def one_of(*allowed: str) -> Callable[[str, object], str]:
    """A check for a few words."""

    def check(name: str, value: object) -> str:
        word = value.lower() if isinstance(value, str) else value
        if word in allowed:
            return str(word)
        raise SettingError(
            name=name, value=value, allowed=", ".join(allowed), fix=f"Set it to {allowed[0]!r}."
        )

    return check


def flag(name: str, value: object) -> bool:
    """A check for yes or no."""
    word = str(value).lower()
    if word in (*_TRUE, *_FALSE):
        return word in _TRUE
    raise SettingError(name=name, value=value, allowed="true, false", fix="Set it to true or to false.")


def seconds(name: str, value: object) -> float:
    """A check for a span of time."""
    try:
        number = float(value) if isinstance(value, str | int | float) else -1.0
    except ValueError:
        number = -1.0
    if isfinite(number) and number >= 0 and not isinstance(value, bool):
        return number
    raise SettingError(
        name=name, value=value, allowed="seconds, 0 or more", fix="Set it to 2 for two seconds."
    )


def trace_url(name: str, value: object) -> str:
    """A check for a template of a link."""
    if isinstance(value, str) and "{trace_id}" in value:
        try:
            value.format(trace_id="0" * 32)
        except (LookupError, ValueError):
            pass
        else:
            return value
    raise SettingError(
        name=name,
        value=value,
        allowed="a URL that holds {trace_id} and no other field",
        fix="For Jaeger set it to http://localhost:16686/trace/{trace_id}.",
    )


def web_address(name: str, value: object) -> str:
    """A check for the address of a web server; a slash at its end is taken off."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    is_web = parts and parts.scheme in {"http", "https"} and parts.hostname
    # a key in it would stand on every span
    if parts and is_web and not (parts.username or parts.password or parts.query or parts.fragment):
        return parts.geturl().rstrip("/")
    raise SettingError(
        name=name,
        value=value,
        allowed="an http or https URL without a user, a password or a query",
        fix="For `dagster dev` set it to http://localhost:3000.",
    )


def tracer_provider(name: str, value: object) -> TracerProvider:
    """A check for a provider."""
    if isinstance(value, TracerProvider):
        return value
    raise SettingError(
        name=name,
        value=value,
        allowed="an opentelemetry.trace.TracerProvider",
        fix="Pass an instance of opentelemetry.sdk.trace.TracerProvider, or leave it out.",
    )


def prices(name: str, value: object) -> dict[str, OwnPrice]:
    """A check for own prices."""
    try:
        given = json.loads(value) if isinstance(value, str) else value
        if not isinstance(given, Mapping):
            raise TypeError  # noqa: TRY301  # told below like every other form that is not allowed
        return {str(model): _own_price(price) for model, price in given.items()}
    except (TypeError, ValueError, InvalidOperation) as error:
        raise SettingError(
            name=name,
            value=value,
            allowed=_PRICES_FORM,
            fix="""For example {"my-deployment": "gpt-5-mini"}, or"""
            """ {"my-model": {"input_mtok": 0.25, "output_mtok": 2}} for dollars per million tokens.""",
        ) from error


PRICE_KEYS = frozenset(
    {
        "input_mtok",
        "output_mtok",
        "cache_read_mtok",
        "cache_write_mtok",
        "input_audio_mtok",
        "output_audio_mtok",
        "input_image_mtok",
        "output_image_mtok",
    }
)
"""The price keys that a user may set: dollars per million tokens. Source: genai-prices."""


def _own_price(price: object) -> OwnPrice:
    if isinstance(price, str) and price:
        return price
    if not isinstance(price, Mapping) or not price or not PRICE_KEYS.issuperset(price):
        raise ValueError
    amounts = {str(key): Decimal(str(amount)) for key, amount in price.items()}
    if not all(amount.is_finite() and amount >= 0 for amount in amounts.values()):
        raise ValueError
    return amounts
