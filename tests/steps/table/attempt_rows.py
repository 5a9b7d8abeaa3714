"""Steps that fail, are tried again, or are never run; and IO managers that ask or fail."""

from typing import Any

import dagster as dg

from tests.steps.asking import ask, ask_async
from tests.steps.table.multi_asset_rows import outs, specs
from tests.steps.table.rows import RefusalError, Table

ATTEMPTS = Table()
ONCE_MORE = dg.RetryPolicy(max_retries=1)


@ATTEMPTS.row("observation failing 2, failed attempt 1", fails=True)
@dg.asset
def failing():
    ask("failing 1")
    ask("failing 2")
    raise RefusalError


@ATTEMPTS.row("observation failing_async 1, failed attempt 1", fails=True)
@dg.asset
async def failing_async():
    await ask_async("failing_async")
    raise RefusalError


@ATTEMPTS.row("observation says_failure 1, failed attempt 1", fails=True)
@dg.asset(retry_policy=ONCE_MORE)
def says_failure():
    ask("says_failure")
    raise dg.Failure(description="no", metadata={"mine": 1}, allow_retries=False)


@ATTEMPTS.row(
    "observation third_try 1, failed attempt 1",
    "observation third_try 2, failed attempt 2",
    "materialization third_try 3",
)
@dg.asset(retry_policy=dg.RetryPolicy(max_retries=2))
def third_try(context: dg.AssetExecutionContext):
    for number in range(context.retry_number + 1):
        ask(f"third_try {number}")
    if context.retry_number < 2:
        raise RefusalError


@ATTEMPTS.row(
    "observation never_right 1, failed attempt 1", "observation never_right 1, failed attempt 2", fails=True
)
@dg.asset(retry_policy=ONCE_MORE)
def never_right():
    ask("never_right")
    raise RefusalError


@ATTEMPTS.row("observation asks_again 1, failed attempt 1", "materialization asks_again 1")
@dg.asset
def asks_again(context: dg.AssetExecutionContext):
    ask("asks_again")
    if context.retry_number == 0:
        raise dg.RetryRequested(max_retries=1)


@ATTEMPTS.row("materialization fails_after 1", "observation fails_after 1, failed attempt 1", fails=True)
@dg.asset
def fails_after():
    yield dg.Output(ask("fails_after 1"))
    ask("fails_after 2")
    raise RefusalError


@ATTEMPTS.row(
    "materialization again_after 1",
    "observation again_after 1, failed attempt 1",
    "materialization again_after 1",
)
@dg.asset(retry_policy=ONCE_MORE)
def again_after(context: dg.AssetExecutionContext):
    yield dg.Output(ask("again_after 1"))
    if context.retry_number == 0:
        ask("again_after 2")
        raise RefusalError


@ATTEMPTS.row(
    "materialization fails_midway_a 1",
    "observation fails_midway_b 1, failed attempt 1, even split over 2 assets",
    "observation fails_midway_c 1, failed attempt 1, even split over 2 assets",
    fails=True,
)
@dg.multi_asset(specs=specs("fails_midway", "abc"))
def fails_midway():
    ask("fails_midway 1")
    yield dg.MaterializeResult(asset_key="fails_midway_a")
    ask("fails_midway 2")
    ask("fails_midway 3")
    raise RefusalError


@ATTEMPTS.row("observation wrong_type 1, failed attempt 1", fails=True)
@dg.asset
def wrong_type() -> int:
    return ask("wrong_type")  # type: ignore[return-value]


@ATTEMPTS.row("observation makes_another 1, failed attempt 1", fails=True)
@dg.asset
def makes_another():
    ask("makes_another")
    yield dg.MaterializeResult(asset_key="function")


upstream_fails = failing


@dg.asset(deps=[upstream_fails])
def skipped():
    ask("skipped, and never asked")


class Asking(dg.IOManager):
    """Asks the API when it stores and when it loads, and keeps nothing."""

    def __init__(self, name: str, fails: str | None = None) -> None:
        self._name = name
        self._fails = fails

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        ask(f"{self._name} store")
        context.add_output_metadata({"mine": 1})
        if context.asset_key.to_user_string() == self._fails:
            message = "the disk is full"
            raise OSError(message)

    def load_input(self, context: dg.InputContext) -> str:
        return ask(f"{self._name} load")


class FailsOnce(Asking):
    """Fails at the first attempt."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        super().handle_output(context, obj)
        if context.step_context.previous_attempt_count == 0:
            message = "try again"
            raise OSError(message)


@ATTEMPTS.row(
    "materialization stores 1",
    "observation stores 1, after the output",
    resources={"stores": Asking("stores")},
)
@dg.asset(io_manager_key="stores")
def stores():
    return ask("stores 1")


@dg.asset(io_manager_key="loads")
def loaded():
    return "nothing"


@ATTEMPTS.row(
    "observation loaded 1, after the output",
    "materialization loads 2",
    beside=(loaded,),
    resources={"loads": Asking("loads")},
)
@dg.asset
def loads(loaded: str):
    """The one who asks for a value pays for it."""
    ask(f"loads {loaded}")


@ATTEMPTS.row(
    "observation fails_to_store 2, failed attempt 1",
    resources={"fails_to_store": Asking("fails_to_store", fails="fails_to_store")},
    fails=True,
)
@dg.asset(io_manager_key="fails_to_store")
def fails_to_store():
    return ask("fails_to_store 1")


@ATTEMPTS.row(
    "observation fails_once 2, failed attempt 1",
    "materialization fails_once 1",
    "observation fails_once 1, after the output",
    resources={"fails_once": FailsOnce("fails_once")},
)
@dg.asset(io_manager_key="fails_once", retry_policy=ONCE_MORE)
def fails_once():
    return ask("fails_once 1")


@ATTEMPTS.row(
    "materialization second_fails_a 1",
    "observation second_fails_a 1, failed attempt 1",
    "observation second_fails_b 2, failed attempt 1",
    resources={"second_fails": Asking("second_fails", fails="second_fails_b")},
    fails=True,
)
@dg.multi_asset(outs=outs("second_fails", io_manager_key="second_fails"))
def second_fails():
    yield dg.Output(ask("second_fails 1"), output_name="second_fails_a")
    yield dg.Output(ask("second_fails 2"), output_name="second_fails_b")
