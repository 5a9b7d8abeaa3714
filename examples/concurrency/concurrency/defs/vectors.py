import asyncio
from concurrent.futures import ThreadPoolExecutor

import dagster as dg
import openai

TEXTS = [f"The text with the number {number}." for number in range(200)]
MODEL = "text-embedding-3-small"


@dg.asset
def vectors_by_threads() -> list[list[float]]:
    """Sixteen threads ask at once; each call is counted for this asset, in whichever thread it is made."""
    with openai.OpenAI() as client, ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda text: client.embeddings.create(model=MODEL, input=text), TEXTS)
        return [answer.data[0].embedding for answer in answers]


@dg.asset
async def vectors_by_tasks() -> list[list[float]]:
    """The same on one event loop, at most fifty at a time."""
    limit = asyncio.Semaphore(50)

    async with openai.AsyncOpenAI() as client:

        async def vector(text: str) -> list[float]:
            async with limit:
                return (await client.embeddings.create(model=MODEL, input=text)).data[0].embedding

        return await asyncio.gather(*map(vector, TEXTS))
