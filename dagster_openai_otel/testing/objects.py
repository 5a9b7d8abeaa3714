"""Endpoints in the least form that the SDK reads: what they make is kept, and does nothing."""

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.lookups import created, page
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes
from dagster_openai_otel.testing.stored import Stored
from dagster_openai_otel.usage import Usage


def create_fine_tuning_job(exchange: Exchange) -> Reply:
    """A job that stays queued; free."""
    job: dict[str, Json] = {
        "id": exchange.identifier("ftjob-"),
        "object": "fine_tuning.job",
        "created_at": CREATED,
        "model": exchange.model,
        "status": "queued",
        "hyperparameters": {},
        "organization_id": "fake-organization",
        "result_files": [],
        "seed": 1,
        "training_file": exchange.body.get("training_file"),
    }
    return created(exchange, job)


def create_vector_store(exchange: Exchange) -> Reply:
    """A store that stays empty; free."""
    counts = dict.fromkeys(("in_progress", "completed", "failed", "cancelled", "total"), 0)
    store = {
        "id": exchange.identifier("vs_"),
        "object": "vector_store",
        "created_at": CREATED,
        "name": exchange.body.get("name") or "",
        "status": "completed",
        "usage_bytes": 0,
        "file_counts": counts,
    }
    return created(exchange, store)


def search_vector_store(exchange: Exchange) -> Reply:
    """One passage that repeats the query; free."""
    query = str(exchange.body.get("query"))
    passage = {
        "file_id": exchange.identifier("file-"),
        "filename": "passages.txt",
        "score": 1.0,
        "attributes": {},
        "content": [{"type": "text", "text": query}],
    }
    return page([passage])


def create_conversation(exchange: Exchange) -> Reply:
    """A conversation without items; free."""
    conversation = {
        "id": exchange.identifier("conv_"),
        "object": "conversation",
        "created_at": CREATED,
        "metadata": exchange.body.get("metadata") or {},
    }
    return created(exchange, conversation)


def create_video(exchange: Exchange) -> Reply:
    """A video that stays queued; billed at once, and its usage is never reported."""
    video = {
        "id": exchange.identifier("video_"),
        "object": "video",
        "created_at": CREATED,
        "model": exchange.asked_model or "sora-2",
        "prompt": exchange.body.get("prompt"),
        "progress": 0,
        "seconds": exchange.body.get("seconds") or "4",
        "size": exchange.body.get("size") or "720x1280",
        "status": "queued",
    }
    exchange.store.put(Stored(final=video))
    return Plain(body=json_bytes(video), charge=exchange.charge(Usage(), response_id=str(video["id"])))


def create_eval_run(exchange: Exchange) -> Reply:
    """A run of an evaluation that stays queued; free."""
    run: dict[str, Json] = {
        "id": exchange.identifier("evalrun_"),
        "object": "eval.run",
        "created_at": CREATED,
        "eval_id": exchange.parameters["eval"],
        "name": exchange.body.get("name") or "",
        "model": exchange.asked_model,
        "status": "queued",
        "data_source": exchange.body.get("data_source") or {},
        "error": None,
        "per_model_usage": [],
        "per_testing_criteria_results": [],
        "report_url": "http://localhost/report",
        "result_counts": dict.fromkeys(("errored", "failed", "passed", "total"), 0),
    }
    return created(exchange, run)


def create_container(exchange: Exchange) -> Reply:
    """A container that runs nothing; free."""
    container = {
        "id": exchange.identifier("cntr_"),
        "object": "container",
        "created_at": CREATED,
        "name": exchange.body.get("name") or "",
        "status": "running",
    }
    return created(exchange, container)
