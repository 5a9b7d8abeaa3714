"""All endpoints and all usage that the installed SDK knows are decided on, so that a new one is noticed."""

import ast
import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import openai
import openai.types
import pytest
from pydantic import BaseModel

from dagster_openai_otel.calls.counts import read_seconds, read_usage
from dagster_openai_otel.calls.endpoints import ENDPOINTS, endpoint_of
from dagster_openai_otel.usage import FIELDS

# requests that write, and for which nothing is billed, or nothing by what a model used
FREE = (
    "/assistants",
    "/assistants/{id}",
    "/agents",
    "/agents/{id}",
    "/agents/automations",
    "/agents/automations/{id}",
    "/agents/automations/{id}/(pause|resume)",
    "/agents/environments.*",
    "/audio/(voices|voice_consents)(/{id})?",
    "/chatkit/.*",
    "/containers.*",
    "/content_provenance_checks",
    "/conversations.*",
    "/evals",
    "/evals/{id}",
    "/files",
    "/fine_tuning/.*",
    "/live/sessions/{id}/(accept|hangup|refer|reject)",
    "/moderations",
    "/organization/.*",
    "/projects/.*",
    "/realtime/calls/{id}/(accept|hangup|refer|reject)",
    "/realtime/(translations/)?(client_secrets|sessions|transcription_sessions)",
    "/skills.*",
    "/threads",
    "/threads/{id}",
    "/threads/{id}/messages(/{id})?",
    "/uploads.*",
    "/vaults.*",
    "/vector_stores.*",
    "/videos/characters",
    "/webhook_endpoints.*",
)
# what fields of answers are called that tell of usage, and that are read
READ = {"usage", "tool_usage", "svg_usage", "per_model_usage"}
# those that tell of none that is billed, or of none of this request
NOT_READ = {
    "usage_bytes",
    "usage_ratio",
    "usage_dashboard_visibility",
    "token_usage",
    "model_grader_token_usage_per_model",
    "api_model_grader_token_usage_per_model",
}
# the rest of a count that is read, parts of one that cost the same, and counts that are no usage of tokens
PARTS = {
    "text_tokens",
    "cached_text_tokens",
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
    "ttl_12h_tokens",
    "ttl_30m_tokens",
    "invocation_count",
}


def written_paths() -> Iterator[str]:
    """The paths that the SDK posts to, by its source, with `{id}` for each part that is not fixed."""
    for source in Path(openai.__file__).parent.joinpath("resources").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "_post":
                yield _template(node.args[0]).partition("?")[0]


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.IfExp):
        node = node.body
    if isinstance(node, ast.Call):
        # `path_template("/batches/{batch_id}", batch_id=batch_id)`
        node = node.args[0]
    pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
    text = "".join(str(piece.value) if isinstance(piece, ast.Constant) else "{id}" for piece in pieces)
    return re.sub(r"\{\w+\}", "{id}", text)


@cache
def answer_models() -> dict[str, type[BaseModel]]:
    """The models of the SDK's answers and events, by module and name."""
    found: dict[str, type[BaseModel]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for info in pkgutil.walk_packages(openai.types.__path__, "openai.types."):
            for name, value in vars(importlib.import_module(info.name)).items():
                if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == info.name:
                    found[f"{info.name}.{name}"] = value
    return found


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field can hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def usages() -> dict[str, type[BaseModel]]:
    """The models of usage, one for each shape: those that are the same but for their place are one."""
    shapes: dict[str, type[BaseModel]] = {}
    for where, model in answer_models().items():
        for name, field in model.model_fields.items():
            if name in READ and ".admin." not in where:
                for usage in models_in(field.annotation):
                    shapes.setdefault(str(sorted(counts_of(usage))), usage)
    return shapes


def counts_of(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """Where the numbers of a model are."""
    for name, field in model.model_fields.items():
        inner = list(models_in(field.annotation))
        if inner:
            yield from ((name, *place) for place in counts_of(inner[0]))
        elif int in (field.annotation, *get_args(field.annotation)) or field.annotation is float:
            yield (name,)


def test_each_path_that_the_sdk_posts_to_is_known_to_be_billed_or_free():
    paths = set(written_paths())
    undecided = {
        path
        for path in paths
        if endpoint_of("POST", path.replace("{id}", "x")) not in ENDPOINTS
        and not any(re.fullmatch(free.replace("{id}", r"\{id\}"), path) for free in FREE)
    }
    assert len(paths) > 40
    assert undecided == set()


def test_each_field_that_tells_of_usage_is_known_to_be_read_or_not():
    names = {name for model in answer_models().values() for name in model.model_fields if "usage" in name}
    assert "usage" in names
    assert names - READ - NOT_READ == set()


@pytest.mark.parametrize("shape", sorted(usages()))
def test_each_count_of_each_usage_is_read(shape: str):
    usage = usages()[shape]
    if "image_gen" in usage.model_fields:
        # of tools, each of which has a usage of its own
        usage = next(models_in(usage.model_fields["image_gen"].annotation))
    payload: dict[str, Any] = {}
    for number, place in enumerate(counts_of(usage), start=2):
        holder = payload
        for name in place[:-1]:
            holder = holder.setdefault(name, {})
        holder[place[-1]] = number
    read = read_usage(payload)
    seen = {getattr(read, name) for name in FIELDS} if read else {read_seconds(payload)}
    unread = {
        place
        for number, place in enumerate(counts_of(usage), start=2)
        if number not in seen and place[-1] not in PARTS
    }
    assert unread == set()
