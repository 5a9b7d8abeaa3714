"""`GET /models`: the models that the fake API knows by name."""

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.exchange import CREATED, DATED_MODELS, Exchange
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes


def list_models(_: Exchange) -> Reply:
    """All names, floating and dated; any other name works all the same."""
    names = sorted({*DATED_MODELS, *DATED_MODELS.values()})
    return Plain(body=json_bytes({"object": "list", "data": [_model(name) for name in names]}))


def retrieve_model(exchange: Exchange) -> Reply:
    """One model; every name exists."""
    return Plain(body=json_bytes(_model(exchange.parameters["id"])))


def _model(name: str) -> dict[str, Json]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "openai"}
