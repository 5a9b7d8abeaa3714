"""The endpoints of the OpenAI API: which of them bill, and what GenAI calls them."""

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint."""

    template: str
    """Its path without ids, `/responses/{id}`."""
    method: str = "POST"
    operation: str | None = None
    """GenAI's name of the operation; `None` where it has none."""
    api_type: str | None = None
    """GenAI's `openai.api.type`; `None` where it has none."""
    bills: bool = True
    """Whether each answer is billed, also one that does not say its usage."""
    tells: bool = True
    """Whether what its answer calls usage is that of the request, and not of a session so far."""
    job: bool = False
    """Whether it is about work that is kept, or goes on after the answer: its usage counts once by its id."""


# To add an endpoint, add a line; the first that fits counts. What is not here is free, but for a POST whose
# answer says its usage.
ENDPOINTS = (
    Endpoint(template="/chat/completions", operation="chat", api_type="chat_completions"),
    Endpoint(template="/extensions/chat/completions", operation="chat", api_type="chat_completions"),
    Endpoint(template="/chat/completions/{id}", api_type="chat_completions", bills=False, job=True),
    Endpoint(template="/responses", operation="chat", api_type="responses", job=True),
    Endpoint(template="/responses/compact", api_type="responses"),
    Endpoint(template="/responses/input_tokens", api_type="responses", bills=False, tells=False),
    Endpoint(template="/responses/{id}", method="GET", api_type="responses", bills=False, job=True),
    Endpoint(template="/responses/{id}/cancel", api_type="responses", bills=False, job=True),
    Endpoint(template="/embeddings", operation="embeddings"),
    Endpoint(template="/completions", operation="text_completion"),
    Endpoint(template="/images/generations", operation="generate_content"),
    Endpoint(template="/images/edits", operation="generate_content"),
    Endpoint(template="/images/variations", operation="generate_content"),
    Endpoint(template="/audio/transcriptions", operation="generate_content"),
    Endpoint(template="/audio/translations", operation="generate_content"),
    Endpoint(template="/audio/speech", operation="generate_content"),
    Endpoint(template="/videos", operation="generate_content"),
    Endpoint(template="/videos/edits", operation="generate_content"),
    Endpoint(template="/videos/extensions", operation="generate_content"),
    Endpoint(template="/videos/{id}/remix", operation="generate_content"),
    Endpoint(template="/decisions"),
    Endpoint(template="/batches", job=True),
    Endpoint(template="/batches/{id}", method="GET", bills=False, job=True),
    Endpoint(template="/batches/{id}/cancel", bills=False, job=True),
    Endpoint(template="/threads/runs", job=True),
    Endpoint(template="/threads/{id}/runs", job=True),
    Endpoint(template="/threads/{id}/runs/{id}", method="GET", bills=False, job=True),
    Endpoint(template="/threads/{id}/runs/{id}", bills=False, job=True),
    Endpoint(template="/threads/{id}/runs/{id}/cancel", bills=False, job=True),
    Endpoint(template="/threads/{id}/runs/{id}/submit_tool_outputs", bills=False, job=True),
    Endpoint(template="/evals/{id}/runs", job=True),
    Endpoint(template="/evals/{id}/runs/{id}", method="GET", bills=False, job=True),
    Endpoint(template="/evals/{id}/runs/{id}", bills=False, job=True),
    Endpoint(template="/evals/{id}/runs/{id}/cancel", bills=False, job=True),
    Endpoint(template="/agents/sessions", tells=False),
    Endpoint(template="/agents/sessions/{id}", bills=False, tells=False),
    Endpoint(template="/agents/sessions/{id}/events", tells=False),
    Endpoint(template="/agents/automations/{id}/invocations", tells=False),
    Endpoint(template="/realtime/calls", tells=False),
    Endpoint(template="/live/sessions", tells=False),
    Endpoint(template="/live/sessions/{id}/fork", tells=False),
    Endpoint(template="/models/{id}", method="GET", bills=False),
    Endpoint(template="/models/{id}", method="DELETE", bills=False),
)

_PATTERNS = tuple(
    (endpoint, re.compile(endpoint.template.replace("{id}", "[^/]+") + "$")) for endpoint in ENDPOINTS
)
_BEFORE_PATH = re.compile(r"(https?://[^/]+)?/?(openai(?=/))?/?(v\d+(?=/))?/?(deployments/[^/]+(?=/))?")
_ID = re.compile(r"/(?=[^/]*\d)[^/]{8,}|/[^/]{25,}")


@lru_cache(maxsize=1024)
def endpoint_of(method: str, url: str) -> Endpoint:
    """The endpoint that a request goes to, however its URL is written.

    Args:
        method: HTTP method, in any case.
        url: Path relative to the client's base URL, or a whole URL.
    """
    method, path = method.upper(), "/" + _BEFORE_PATH.sub("", url.partition("?")[0], count=1).strip("/")
    for endpoint, pattern in _PATTERNS:
        if endpoint.method == method and pattern.match(path):
            return endpoint
    return Endpoint(template=_ID.sub("/{id}", path), method=method, bills=False)
