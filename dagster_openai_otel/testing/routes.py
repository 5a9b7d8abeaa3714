"""The table of endpoints: to add one, write a function `(Exchange) -> Reply` and a line here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dagster_openai_otel.testing.chat import create_chat_completion
from dagster_openai_otel.testing.completions import create_completion
from dagster_openai_otel.testing.embeddings import create_embeddings
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.models import list_models, retrieve_model
from dagster_openai_otel.testing.replies import Reply
from dagster_openai_otel.testing.responses import (
    cancel_response,
    count_input_tokens,
    create_response,
    delete_response,
    retrieve_response,
)


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint."""

    method: str
    pattern: str
    """The path behind `/v1`; `{name}` stands for one segment, which lands in the parameters."""
    endpoint: Callable[[Exchange], Reply]
    needs_json: bool = True
    """Whether the body has to be a JSON object; only `POST` is asked for one."""
    needs_model: bool = True
    """Whether that object has to name a model; an Azure deployment stands in for it."""


ROUTES: tuple[Route, ...] = (
    Route("POST", "/chat/completions", create_chat_completion),
    Route("POST", "/completions", create_completion),
    Route("POST", "/embeddings", create_embeddings),
    Route("POST", "/responses", create_response),
    Route("POST", "/responses/input_tokens", count_input_tokens, needs_model=False),
    Route("GET", "/responses/{id}", retrieve_response),
    Route("DELETE", "/responses/{id}", delete_response),
    Route("POST", "/responses/{id}/cancel", cancel_response, needs_json=False),
    Route("GET", "/models", list_models),
    Route("GET", "/models/{id}", retrieve_model),
)

_PREFIX = re.compile(r"/v1|(?P<azure>/openai(?:/v1|/deployments/(?P<deployment>[^/]+))?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The route of a path, and what the path says besides."""

    route: Route | None
    """`None` when there is no such endpoint."""
    name: str
    """The endpoint's name in the ledger: its path with dots."""
    parameters: Mapping[str, str]
    deployment: str | None
    azure: bool


def match(method: str, path: str) -> Match:
    """Find the route of a request, under `/v1` or one of the prefixes of Azure."""
    prefix = _PREFIX.match(path)
    rest = path[prefix.end() :] if prefix else ""
    deployment = prefix["deployment"] if prefix else None
    azure = bool(prefix and prefix["azure"])
    for route in ROUTES:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.pattern)
        found = re.fullmatch(pattern, rest)
        if found and route.method == method:
            parameters = found.groupdict()
            break
    else:
        route, parameters = None, {}
    return Match(
        route=route,
        name=(route.pattern if route else path).strip("/").replace("/", "."),
        parameters=parameters,
        deployment=deployment,
        azure=azure,
    )
