from pathlib import Path

import dagster as dg
from dagster import definitions, load_from_defs_folder

from dagster_openai_otel import OpenAIResource, instrument

instrument(prices={"my-deployment": "gpt-5-mini"})


@definitions
def defs() -> dg.Definitions:
    azure = OpenAIResource(
        api_key=dg.EnvVar("AZURE_OPENAI_API_KEY"),
        azure_endpoint=dg.EnvVar("AZURE_OPENAI_ENDPOINT"),
        api_version="2025-04-01-preview",
    )
    loaded = load_from_defs_folder(path_within_project=Path(__file__).parent)
    return dg.Definitions.merge(loaded, dg.Definitions(resources={"openai": azure}))
