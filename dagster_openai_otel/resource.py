"""`OpenAIResource`: a drop-in for dagster-openai's, and the place where both wings meet."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import dagster as dg
from dagster import (
    AssetCheckExecutionContext,
    AssetExecutionContext,
    AssetKey,
    InitResourceContext,
    OpExecutionContext,
)
from pydantic import Field, PrivateAttr

from dagster_openai_otel.attribution import target_of
from dagster_openai_otel.calls.lending import lend
from dagster_openai_otel.ledger import ANY, Target
from dagster_openai_otel.pricing import Prices
from dagster_openai_otel.scope import StepScope, find, inside
from dagster_openai_otel.steps.direct import delivering
from dagster_openai_otel.wiring import instrument

if TYPE_CHECKING:
    import openai

# of the module, since Dagster copies resources and locks cannot be copied
_making_client = Lock()

AnyContext = AssetExecutionContext | AssetCheckExecutionContext | OpExecutionContext

P = ParamSpec("P")
R = TypeVar("R")


class OpenAIResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # has no value of its own
    """Clients of the OpenAI SDK whose usage is recorded.

    It works as `dagster_openai.OpenAIResource` does. It calls `instrument()` by itself, so that nothing else
    is needed; where that was called before, its settings stand.

        from dagster_openai_otel import OpenAIResource

        @dg.asset
        def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
            with openai.get_client(context) as client:
                client.responses.create(model="gpt-5-mini", input="A poem.")

        defs = dg.Definitions(
            [poem], resources={"openai": OpenAIResource(api_key=dg.EnvVar("OPENAI_API_KEY"))}
        )
    """

    api_key: str = Field(description="API key of OpenAI, or of Azure OpenAI where azure_endpoint is set.")
    organization: str | None = Field(default=None, description="OpenAI organization that is billed.")
    project: str | None = Field(default=None, description="OpenAI project that is billed.")
    base_url: str | None = Field(default=None, description="URL of the API, for proxies and gateways.")
    azure_endpoint: str | None = Field(
        default=None,
        description="Endpoint of Azure OpenAI; makes Azure clients.",
    )
    api_version: str | None = Field(default=None, description="API version of Azure OpenAI, 2024-10-21.")
    timeout: float | None = Field(
        default=None, description="Seconds to wait for an answer; unset: the SDK's own default."
    )
    max_retries: int | None = Field(
        default=None, description="How often the SDK tries again; unset: the SDK's own default."
    )
    dagster_openai_keys: bool = Field(
        default=False, description="Also write dagster-openai's keys, openai.<model>.calls and the like."
    )

    _client: Any = PrivateAttr(default=None)

    @classmethod
    def _is_dagster_maintained(cls) -> bool:
        return False

    def setup_for_execution(self, context: InitResourceContext) -> None:  # noqa: ARG002  # Dagster's signature
        """See that what is asked for from here on is recorded."""
        instrument()

    def teardown_after_execution(self, context: InitResourceContext) -> None:  # noqa: ARG002
        """Close the client's connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    @contextmanager
    def get_client(self, context: AnyContext) -> Iterator["openai.OpenAI"]:
        """Lend a client whose usage is recorded for the step of a context.

        Args:
            context: Of the asset, op or check that runs, or of one that a unit test invokes.

        Yields:
            An `openai.OpenAI`, or an `openai.AzureOpenAI` where `azure_endpoint` is set. What it asks for is
            recorded also from threads, and after the block.
        """
        with self._lending(context) as lend:
            yield lend(self._shared_client())

    @contextmanager
    def get_client_for_asset(
        self, context: AssetExecutionContext, asset_key: AssetKey
    ) -> Iterator["openai.OpenAI"]:
        """Lend a client whose usage belongs to one of the assets that a step makes.

        Args:
            context: Of the asset that runs.
            asset_key: The asset.

        Raises:
            AttributionError: The step does not make the asset.
        """
        with self._lending(context, asset_key) as lend:
            yield lend(self._shared_client())

    @asynccontextmanager
    async def get_async_client(
        self, context: AnyContext, asset_key: AssetKey | None = None
    ) -> AsyncIterator["openai.AsyncOpenAI"]:
        """Lend an asynchronous client, which is closed at the end of the block.

        Args:
            context: As for `get_client`.
            asset_key: As for `get_client_for_asset`; `None` leaves it open.
        """
        import openai

        async with self._new(openai.AsyncOpenAI, openai.AsyncAzureOpenAI) as client:
            with self._lending(context, asset_key) as lend:
                yield lend(client)

    @contextmanager
    def _lending(
        self, context: AnyContext, asset_key: AssetKey | None = None
    ) -> Iterator[Callable[[Any], Any]]:
        instrument()
        with _scope_of(context) as scope:
            if self.dagster_openai_keys:
                scope.dagster_openai_keys.set()
            target = target_of(scope, asset_key) if asset_key is not None else ANY
            yield lambda client: lend(client, scope, target)

    def _shared_client(self) -> "openai.OpenAI":
        with _making_client:
            if self._client is None:
                import openai

                self._client = self._new(openai.OpenAI, openai.AzureOpenAI)
            client: openai.OpenAI = self._client
        return client

    def _new(self, plain: Callable[..., Any], azure: Callable[..., Any]) -> Any:
        options: dict[str, Any] = {
            "api_key": self.api_key,
            "organization": self.organization,
            "project": self.project,
        }
        options |= {
            name: value
            for name, value in (("timeout", self.timeout), ("max_retries", self.max_retries))
            if value is not None
        }
        if self.azure_endpoint is None:
            return plain(**options, base_url=self.base_url)
        return azure(**options, azure_endpoint=self.azure_endpoint, api_version=self.api_version)


def with_usage_metadata(
    context: AssetExecutionContext | OpExecutionContext, output_name: str | None, func: Callable[P, R]
) -> Callable[P, R]:
    """Attribute what a function asks of the OpenAI API to one output's asset, as dagster-openai's does.

    Every request of the SDK is recorded without it; it matters in multi-assets, which have several outputs.

    Args:
        context: Of the asset that runs.
        output_name: The output; `None` where the step has one.
        func: Any method of the SDK, or a function that calls some.

    Raises:
        DagsterInvariantViolationError: The context is not that of an asset, or it has no such output.
    """
    if not isinstance(context, AssetExecutionContext):
        message = "with_usage_metadata takes the context of an asset, an AssetExecutionContext."
        raise dg.DagsterInvariantViolationError(message)
    instrument()
    keys = context.assets_def.keys_by_output_name
    if output_name is not None and output_name not in keys:
        message = f"with_usage_metadata got the output {output_name!r}. This asset has: {', '.join(keys)}."
        raise dg.DagsterInvariantViolationError(message)
    target = ANY if output_name is None else Target(asset_key=keys[output_name].to_user_string())

    @wraps(func)
    def attributed(*args: P.args, **kwargs: P.kwargs) -> R:
        with _scope_of(context) as scope, inside(scope, target):
            return func(*args, **kwargs)

    return attributed


def _scope_of(context: AnyContext) -> AbstractContextManager[StepScope]:
    """The running step's scope; where Dagster is not wrapped, one that delivers when the block is left."""
    running = find()
    if running is not None:
        return nullcontext(running)
    return delivering(context.op_execution_context, Prices(own={}).source)
