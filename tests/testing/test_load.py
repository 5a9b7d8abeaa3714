"""Many calls at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from dagster_openai_otel.usage import Usage


def test_sixteen_threads_are_billed_call_by_call(api, client):
    def work(number):
        return [
            client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "x" * (number + turn)}]
            )
            for turn in range(60)
        ]

    with ThreadPoolExecutor(16) as pool:
        completions = [completion for batch in pool.map(work, range(16)) for completion in batch]
    assert len({completion.id for completion in completions}) == 960
    assert len(api.bill.calls) == 960
    assert api.bill.usage.total_tokens == sum(each.usage.total_tokens for each in completions)
    assert api.bill.unreported == ()


def test_three_hundred_calls_at_once_are_served(api, run_async):
    async def task(client):
        calls = (client.responses.create(model="gpt-5-mini", input="x" * number) for number in range(300))
        return await asyncio.gather(*calls)

    responses = run_async(task)
    assert len({response.id for response in responses}) == 300
    assert len(api.bill.calls) == len(api.requests) == 300
    reported = sum(
        (
            Usage(input_tokens=each.usage.input_tokens, output_tokens=each.usage.output_tokens)
            for each in responses
        ),
        Usage(),
    )
    assert api.bill.usage.input_tokens == reported.input_tokens
    assert api.bill.usage.output_tokens == reported.output_tokens
