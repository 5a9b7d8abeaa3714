"""The endpoints of the OpenAI API: which of them bill, and what GenAI calls them."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint."""

    template: str
    """Its path without ids, `/responses/{id}`."""
    operation: str | None = None
    """GenAI's name of the operation; `None` where it has none."""
    api_type: str | None = None
    """GenAI's `openai.api.type`; `None` where it has none."""
    bills: bool = False
    """Whether each answer is billed. One of another endpoint is, where it says its usage."""


# To add an endpoint, add a line. Requests of other methods than POST never bill.
BILLED = (
    Endpoint(template="/chat/completions", operation="chat", api_type="chat_completions", bills=True),
    Endpoint(template="/responses", operation="chat", api_type="responses", bills=True),
    Endpoint(template="/embeddings", operation="embeddings", bills=True),
    Endpoint(template="/completions", operation="text_completion", bills=True),
)

_BY_TEMPLATE = {endpoint.template: endpoint for endpoint in BILLED}
_BEFORE_PATH = re.compile(r"^https?://[^/]+(/openai)?(/v\d+)?|^/?openai(?=/)|/?deployments/[^/]+(?=/)")
_ID = re.compile(r"/(?=[^/]*\d)[^/]{8,}|/[^/]{25,}")


def endpoint_of(method: str, url: str) -> Endpoint:
    """The endpoint that a request goes to, however its URL is written.

    Args:
        method: HTTP method, in any case.
        url: Path relative to the client's base URL, or a whole URL.
    """
    path = "/" + _BEFORE_PATH.sub("", url.partition("?")[0]).strip("/")
    if method.upper() == "POST" and path in _BY_TEMPLATE:
        return _BY_TEMPLATE[path]
    return Endpoint(template=_ID.sub("/{id}", path))
