import dagster as dg

from dagster_openai_otel import OpenAIResource


@dg.asset
def summary(context: dg.AssetExecutionContext, openai: OpenAIResource) -> str:
    """Asked from a deployment on Azure, whose name says nothing about the model."""
    with openai.get_client(context) as client:
        return client.responses.create(model="my-deployment", input="Say hello.").output_text
