"""Jobs of every kind that can spend something."""

import dagster as dg

from tests.steps.asking import ask

LETTERS = dg.StaticPartitionsDefinition(["a", "b", "c"])
HOSTILE = "<script>alert('team')</script>&\"x"


@dg.asset(partitions_def=LETTERS)
def letters():
    ask()


@dg.multi_asset(
    specs=[dg.AssetSpec(key, partitions_def=LETTERS) for key in ("left", "right", ["far", "right"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def several():
    for _ in range(7):
        ask()
    return tuple(dg.MaterializeResult(asset_key=key) for key in ("left", "right", ["far", "right"]))


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def shaky(context: dg.AssetExecutionContext):
    ask("Twice.")
    ask("Twice.", model="gpt-5")
    if context.retry_number == 0:
        message = "the first attempt"
        raise RuntimeError(message)


@dg.asset
def broken():
    ask("In vain.")
    message = "always"
    raise RuntimeError(message)


@dg.asset
def odd():
    """Has calls of unknown cost: a model without a price, a stream that says no usage."""
    ask(model="a-model-of-nobody")
    ask(service_tier="flex")
    ask_in_a_stream()


@dg.asset_check(asset=odd)
def good():
    ask("A check.")
    return dg.AssetCheckResult(passed=True)


def ask_in_a_stream():
    import openai  # noqa: PLC0415  # as a user's code does at times

    with openai.OpenAI(http_client=openai.DefaultHttpxClient(verify=False)) as client:
        stream = client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": "A poem."}], stream=True
        )
        for _ in stream:
            pass


@dg.op(out={"first": dg.Out(), "second": dg.Out()})
def two_outputs():
    ask()
    yield dg.Output(1, "first")
    ask()
    ask()
    yield dg.Output(2, "second")
    ask("After the last output.")


@dg.job(tags={"team": "search"})
def plain_job():
    two_outputs()


def work(instance: dg.DagsterInstance) -> None:
    """Run everything once."""
    for letter in ("a", "b"):
        dg.materialize([letters], instance=instance, partition_key=letter, tags={"team": "search"})
    over = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
    dg.materialize([several], instance=instance, tags={**over, "team": HOSTILE})
    dg.materialize([shaky], instance=instance)
    dg.materialize([broken], instance=instance, raise_on_error=False)
    dg.materialize([odd, good], instance=instance, tags={"team": "support"})
    plain_job.execute_in_process(instance=instance)
