"""`POST /files`, and what may be done to a file later; all free."""

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.lookups import unknown
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes, refused
from dagster_openai_otel.testing.stored import Stored


def upload_file(exchange: Exchange) -> Reply:
    """Keep a file."""
    file = exchange.files.get("file")
    if file is None:
        return refused(400, "'file' is missing.", param="file")
    purpose = str(exchange.body.get("purpose") or "user_data")
    return Plain(body=json_bytes(keep_file(exchange, "file-", file.name, file.content, purpose)))


def read_content(exchange: Exchange) -> Reply:
    """The bytes of a file."""
    stored = exchange.store.get(exchange.parameters["id"])
    if stored is None:
        return unknown(exchange)
    return Plain(body=stored.content, content_type="application/octet-stream")


def keep_file(exchange: Exchange, prefix: str, name: str, content: bytes, purpose: str) -> dict[str, Json]:
    """Keep some bytes, and give back the file object that stands for them."""
    file = {
        "id": exchange.identifier(prefix),
        "object": "file",
        "bytes": len(content),
        "created_at": CREATED,
        "filename": name,
        "purpose": purpose,
        "status": "processed",
    }
    exchange.store.put(Stored(final=file, content=content))
    return file
