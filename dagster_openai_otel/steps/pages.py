"""Pages of Dagster's UI, as attributes of spans."""

from dataclasses import dataclass
from urllib.parse import quote

from dagster import AssetKey

from dagster_openai_otel import conventions


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The pages of a UI."""

    webserver_url: str | None = None
    """Its address, without a slash at its end; `None` for no pages."""

    def of_run(self, run_id: str) -> dict[str, str]:
        """The page of a run."""
        return {conventions.RUN_URL: f"{self.webserver_url}/runs/{run_id}"} if self.webserver_url else {}

    def of_asset(self, key: AssetKey) -> dict[str, str]:
        """The page of an asset."""
        path = "/".join(quote(part, safe="") for part in key.path)
        return {conventions.ASSET_URL: f"{self.webserver_url}/assets/{path}"} if self.webserver_url else {}
