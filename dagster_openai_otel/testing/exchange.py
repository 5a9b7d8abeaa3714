"""`Exchange`: one request together with the answer that was chosen for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dagster_openai_otel.testing.answers import Answer, Json, Request
from dagster_openai_otel.testing.billing import BilledCall, price
from dagster_openai_otel.testing.forms import File
from dagster_openai_otel.testing.stored import Store
from dagster_openai_otel.usage import Usage

CREATED = 1_767_225_600
"""The time that every answer names: the first second of 2026, in seconds since 1970."""

DATED_MODELS: Mapping[str, str] = {
    "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
    "gpt-4-turbo": "gpt-4-turbo-2024-04-09",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
    "gpt-5.1": "gpt-5.1-2025-11-13",
    "o1": "o1-2024-12-17",
    "o3": "o3-2025-04-16",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
}
"""The dated model that answers for a name that floats, as the API does it."""

_TIERS: Mapping[str, str] = {"auto": "default", "fast": "priority"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What an endpoint needs to make its reply."""

    request: Request
    answer: Answer
    endpoint: str
    """The name of the endpoint in the ledger, such as `chat.completions`."""
    body: Mapping[str, Json]
    """The JSON object or the fields of the form; empty when there is neither."""
    parameters: Mapping[str, str]
    """What the path said in place of the names in the route's pattern."""
    deployment: str | None
    """The deployment in an Azure path; `None` when the path has none."""
    azure: bool
    store: Store
    files: Mapping[str, File] = field(default_factory=dict)
    """The files of the form."""
    line: int | None = None
    """The place of the request in its batch; `None` when it came by itself."""

    @property
    def asked_model(self) -> str:
        """The model that was asked for: the deployment, else `model` of the body."""
        return self.deployment or str(self.body.get("model") or "")

    @property
    def model(self) -> str:
        """The model that the answer names."""
        return self.answer.model or DATED_MODELS.get(self.asked_model, self.asked_model)

    @property
    def service_tier(self) -> str:
        """The tier that the answer names; the API answers `priority` for `fast`."""
        asked = self.answer.service_tier or self.body.get("service_tier") or "auto"
        return _TIERS.get(asked, asked)

    @property
    def streams(self) -> bool:
        """Whether the caller wants a stream."""
        asked = self.body.get("stream", self.request.query.get("stream"))
        return asked is True or asked == "true"

    def identifier(self, prefix: str, part: int | None = None) -> str:
        """An id that names the request by its place in order of arrival."""
        places = [str(place) for place in (self.line, part) if place is not None]
        return "_".join([f"{prefix}{self.request.index:012d}", *places])

    def charge(
        self,
        usage: Usage,
        *,
        tier: str | None = None,
        response_id: str | None = None,
        audio_seconds: float | None = None,
    ) -> BilledCall:
        """The line of the ledger for this exchange; the server says later whether it was reported."""
        batch = self.line is not None
        context = {"processing": "batch"} if batch else {"service_tier": tier} if tier else None
        cost = price(self.model, usage, context=context, azure=self.azure, audio_seconds=audio_seconds)
        return BilledCall(
            endpoint=self.endpoint,
            model=self.model,
            service_tier=tier,
            usage=usage,
            cost_usd=cost,
            reported=False,
            streamed=self.streams,
            azure=self.azure,
            request=self.request.index,
            response_id=response_id,
            audio_seconds=audio_seconds,
            batch=batch,
        )
