import io
import json
import os

import dagster as dg
import openai

TEXTS = ["Good morning.", "Where is the station?", "Thank you."]
ENDED = {"completed", "failed", "expired", "cancelled"}
LOOK_AGAIN_S = float(os.environ.get("LOOK_AGAIN_S", "3600"))


@dg.asset
def submitted() -> str:
    """Hand in a batch; that is free. The id of the batch."""
    lines = [
        {
            "custom_id": str(number),
            "method": "POST",
            "url": "/v1/responses",
            "body": {"model": "gpt-5-mini", "input": f"To Norwegian: {text}"},
        }
        for number, text in enumerate(TEXTS)
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    with openai.OpenAI() as client:
        file = client.files.create(file=("texts.jsonl", io.BytesIO(content)), purpose="batch")
        return client.batches.create(
            input_file_id=file.id, endpoint="/v1/responses", completion_window="24h"
        ).id


@dg.asset
def translations(submitted: str) -> list[str]:
    """The answers, once they are there; each attempt looks once, and Dagster tries again in an hour.

    The usage of the whole batch, at the batch price, is counted by the attempt that finds it completed.
    """
    with openai.OpenAI() as client:
        batch = client.batches.retrieve(submitted)
        if batch.status not in ENDED:
            raise dg.RetryRequested(max_retries=24, seconds_to_wait=LOOK_AGAIN_S)
        if batch.output_file_id is None:
            raise dg.Failure(description=f"the batch {submitted} has ended as {batch.status}")
        return client.files.content(batch.output_file_id).text.splitlines()
