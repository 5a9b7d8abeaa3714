"""The table of endpoints: to add one, write a function `(Exchange) -> Reply` and a line here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from dagster_openai_otel.testing import (
    batches,
    chat,
    completions,
    decisions,
    embeddings,
    files,
    images,
    models,
    moderations,
    objects,
    responses,
    runs,
    speech,
    threads,
    transcriptions,
)
from dagster_openai_otel.testing.compaction import compact
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.lookups import delete, listing, retrieve
from dagster_openai_otel.testing.replies import Reply

Needs = Literal["model", "json", "form", "nothing"]


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint."""

    method: str
    pattern: str
    """The path behind `/v1`; `{name}` stands for one segment, which lands in the parameters."""
    endpoint: Callable[[Exchange], Reply]
    needs: Needs = "nothing"
    """What the body has to be: JSON that names a model, as an Azure deployment does too; any JSON object; a
    form."""


ROUTES: tuple[Route, ...] = (
    Route("POST", "/chat/completions", chat.create_chat_completion, "model"),
    Route("GET", "/chat/completions", listing("chat.completion")),
    Route("GET", "/chat/completions/{id}", retrieve),
    Route("POST", "/chat/completions/{id}", chat.update_chat_completion, "json"),
    Route("DELETE", "/chat/completions/{id}", delete),
    Route("POST", "/completions", completions.create_completion, "model"),
    Route("POST", "/embeddings", embeddings.create_embeddings, "model"),
    Route("POST", "/responses", responses.create_response, "model"),
    Route("POST", "/responses/compact", compact, "model"),
    Route("POST", "/responses/input_tokens", responses.count_input_tokens, "json"),
    Route("GET", "/responses/{id}", responses.retrieve_response),
    Route("DELETE", "/responses/{id}", responses.delete_response),
    Route("POST", "/responses/{id}/cancel", responses.cancel_response),
    Route("POST", "/decisions", decisions.decide_questions, "model"),
    Route("POST", "/images/generations", images.generate_images, "json"),
    Route("POST", "/images/edits", images.edit_images, "form"),
    Route("POST", "/images/variations", images.edit_images, "form"),
    Route("POST", "/audio/transcriptions", transcriptions.transcribe, "form"),
    Route("POST", "/audio/translations", transcriptions.translate, "form"),
    Route("POST", "/audio/speech", speech.speak, "model"),
    Route("POST", "/moderations", moderations.moderate, "json"),
    Route("POST", "/files", files.upload_file, "form"),
    Route("GET", "/files", listing("file")),
    Route("GET", "/files/{id}", retrieve),
    Route("DELETE", "/files/{id}", delete),
    Route("GET", "/files/{id}/content", files.read_content),
    Route("POST", "/batches", batches.create_batch, "json"),
    Route("GET", "/batches", listing("batch")),
    Route("GET", "/batches/{id}", retrieve),
    Route("POST", "/batches/{id}/cancel", batches.cancel_batch),
    Route("POST", "/assistants", threads.create_assistant, "model"),
    Route("POST", "/threads", threads.create_thread, "json"),
    Route("POST", "/threads/runs", runs.create_thread_and_run, "json"),
    Route("GET", "/threads/{id}", retrieve),
    Route("POST", "/threads/{thread}/messages", threads.create_message, "json"),
    Route("GET", "/threads/{thread}/messages", listing("thread.message")),
    Route("POST", "/threads/{thread}/runs", runs.create_run, "json"),
    Route("GET", "/threads/{thread}/runs", listing("thread.run")),
    Route("GET", "/threads/{thread}/runs/{id}", retrieve),
    Route("POST", "/threads/{thread}/runs/{id}", runs.update_run, "json"),
    Route("GET", "/threads/{thread}/runs/{run}/steps", listing("thread.run.step")),
    Route("POST", "/threads/{thread}/runs/{id}/cancel", runs.cancel_run),
    Route("POST", "/threads/{thread}/runs/{id}/submit_tool_outputs", runs.submit_tool_outputs, "json"),
    Route("POST", "/fine_tuning/jobs", objects.create_fine_tuning_job, "model"),
    Route("POST", "/vector_stores", objects.create_vector_store, "json"),
    Route("POST", "/vector_stores/{id}/search", objects.search_vector_store, "json"),
    Route("POST", "/conversations", objects.create_conversation, "json"),
    Route("POST", "/videos", objects.create_video),
    Route("GET", "/videos/{id}", retrieve),
    Route("POST", "/evals/{eval}/runs", objects.create_eval_run, "json"),
    Route("POST", "/containers", objects.create_container, "json"),
    Route("GET", "/models", models.list_models),
    Route("GET", "/models/{id}", models.retrieve_model),
)

_PLACEHOLDER = re.compile(r"/\{(\w+)\}")
_PREFIX = re.compile(r"/v1|(?P<azure>/openai(?:/v1|/deployments/(?P<deployment>[^/]+))?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The route of a path, and what the path says besides."""

    route: Route | None
    """`None` when there is no such endpoint."""
    name: str
    """The endpoint's name in the ledger: its path with dots, ids left out."""
    parameters: Mapping[str, str]
    deployment: str | None
    azure: bool


def match(method: str, path: str) -> Match:
    """Find the route of a request, under `/v1` or one of the prefixes of Azure."""
    prefix = _PREFIX.match(path)
    rest = path[prefix.end() :] if prefix else ""
    deployment = prefix["deployment"] if prefix else None
    azure = bool(prefix and prefix["azure"])
    route, found = next(
        (
            (route, found)
            for route, pattern in _patterns()
            if route.method == method and (found := pattern.fullmatch(rest))
        ),
        (None, None),
    )
    return Match(
        route=route,
        name=_PLACEHOLDER.sub("", route.pattern if route else path).strip("/").replace("/", "."),
        parameters=found.groupdict() if found else {},
        deployment=deployment,
        azure=azure,
    )


@cache
def _patterns() -> tuple[tuple[Route, re.Pattern[str]], ...]:
    return tuple((route, re.compile(_PLACEHOLDER.sub(r"/(?P<\1>[^/]+)", route.pattern))) for route in ROUTES)
