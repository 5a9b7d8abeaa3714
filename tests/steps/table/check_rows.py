"""Asset checks: what an LLM judge costs stands on the check."""

from typing import Any

import dagster as dg

from tests.steps.asking import ask, ask_async
from tests.steps.table.multi_asset_rows import specs
from tests.steps.table.rows import RefusalError, Table

CHECKS = Table()


def judged(name: str) -> Any:
    """An asset that asks nothing."""

    @dg.asset(name=name)
    def quiet():
        return "Roses are red."

    return quiet


def passed(asset: str = "", check: str = "", **more: Any) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=True, asset_key=asset or None, check_name=check or None, metadata={"mine": 1}, **more
    )


@CHECKS.row("check rhyme:rhymes 2", name="rhymes", beside=(judged("rhyme"),))
@dg.asset_check(asset="rhyme")
def rhymes():
    ask("rhymes 1")
    return dg.AssetCheckResult(passed=True, metadata={"verdict": ask("rhymes 2")})


@CHECKS.row("check sound:sounds 1", name="sounds", beside=(judged("sound"),))
@dg.asset_check(asset="sound")
def sounds(sound: str):
    """Loads what it checks."""
    return dg.AssetCheckResult(passed=bool(ask(f"sounds {sound}")))


async def _scans(context: dg.AssetCheckExecutionContext) -> Any:
    context.log.info(await ask_async("scans"))
    return passed()


asynchronous: Any = dg.asset_check(asset="verse", name="scans")
CHECKS.row("check verse:scans 1", name="scans", beside=(judged("verse"),))(asynchronous(_scans))


@CHECKS.row("check warned:warns 1", name="warns", beside=(judged("warned"),))
@dg.asset_check(asset="warned", blocking=True)
def warns():
    ask("warns")
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


blocked = judged("blocked")


@dg.asset(deps=[blocked])
def never_made():
    ask("blocks what is downstream")


@CHECKS.row("check blocked:blocks 1", name="blocks", beside=(blocked, never_made), fails=True)
@dg.asset_check(asset="blocked", blocking=True)
def blocks():
    ask("blocks")
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.ERROR)


@CHECKS.row("observation unsure 1, failed attempt 1", name="raises", beside=(judged("unsure"),), fails=True)
@dg.asset_check(asset="unsure")
def raises():
    ask("raises")
    raise RefusalError


@CHECKS.row(
    "observation again 1, failed attempt 1",
    "check again:tries_again 1",
    name="tries_again",
    beside=(judged("again"),),
)
@dg.asset_check(asset="again", retry_policy=dg.RetryPolicy(max_retries=1))
def tries_again(context: dg.AssetCheckExecutionContext):
    ask("tries_again")
    if context.op_execution_context.retry_number == 0:
        raise RefusalError
    return passed()


SEVERAL = [dg.AssetCheckSpec("long", asset="several"), dg.AssetCheckSpec("short", asset="several")]


@CHECKS.row("check several:long 1", "check several:short 2", beside=(judged("several"),))
@dg.multi_asset_check(specs=SEVERAL)
def several_checks():
    ask("several_checks 1")
    yield passed("several", "long")
    ask("several_checks 2")
    ask("several_checks 3")
    yield passed("several", "short")


PAIR = [dg.AssetCheckSpec("long", asset="pair"), dg.AssetCheckSpec("short", asset="pair")]


@CHECKS.row(
    "check pair:long 1, even split over 2 checks",
    "check pair:short 1, even split over 2 checks",
    beside=(judged("pair"),),
)
@dg.multi_asset_check(specs=PAIR)
def checks_at_once():
    ask("checks_at_once 1")
    ask("checks_at_once 2")
    return (passed("pair", check) for check in ("long", "short"))


@CHECKS.row("materialization checks_itself 1", "check checks_itself:good 2")
@dg.asset(check_specs=[dg.AssetCheckSpec("good", asset="checks_itself")])
def checks_itself():
    yield dg.Output(ask("checks_itself 1"), metadata={"mine": 1})
    ask("checks_itself 2")
    ask("checks_itself 3")
    yield passed()


@CHECKS.row("materialization checks_itself_first 2", "observation checks_itself_first 1, after the output")
@dg.asset(check_specs=[dg.AssetCheckSpec("good", asset="checks_itself_first")])
def checks_itself_first():
    """What comes before the asset made the asset."""
    ask("checks_itself_first 1")
    yield passed()
    yield dg.Output(ask("checks_itself_first 2"))
    ask("checks_itself_first 3")


@CHECKS.row("materialization checked_at_once 2")
@dg.asset(check_specs=[dg.AssetCheckSpec("good", asset="checked_at_once")])
def checked_at_once():
    ask("checked_at_once 1")
    ask("checked_at_once 2")
    return dg.MaterializeResult(check_results=[passed()])


@CHECKS.row("materialization result_and_check 1")
@dg.asset(check_specs=[dg.AssetCheckSpec("good", asset="result_and_check")])
def result_and_check():
    return dg.Output(ask("result_and_check")), passed()


@CHECKS.row("materialization blocks_itself 1", "check blocks_itself:good 1", fails=True)
@dg.asset(check_specs=[dg.AssetCheckSpec("good", asset="blocks_itself", blocking=True)])
def blocks_itself():
    yield dg.Output(ask("blocks_itself 1"))
    ask("blocks_itself 2")
    yield dg.AssetCheckResult(passed=False)


@CHECKS.row("materialization beside_a 1", "check beside_a:good 1", "materialization beside_b 1")
@dg.multi_asset(specs=specs("beside"), check_specs=[dg.AssetCheckSpec("good", asset="beside_a")])
def beside():
    ask("beside 1")
    yield dg.MaterializeResult(asset_key="beside_a")
    ask("beside 2")
    yield passed("beside_a", "good")
    ask("beside 3")
    yield dg.MaterializeResult(asset_key="beside_b")


@CHECKS.row("check only_checked:good 1", selection=("only_checked:good",))
@dg.multi_asset(
    specs=[dg.AssetSpec("only_checked", skippable=True)],
    check_specs=[dg.AssetCheckSpec("good", asset="only_checked")],
    can_subset=True,
)
def checks_only():
    ask("checks_only")
    yield passed("only_checked", "good")


@CHECKS.row("materialization stream_with_checks 1", "check stream_with_checks:not_null 1")
@dg.multi_asset(
    specs=[dg.AssetSpec("stream_with_checks")],
    check_specs=[dg.AssetCheckSpec("not_null", asset="stream_with_checks")],
    can_subset=True,
)
def dbt_stream():
    """As `@dbt_assets` does, whose tests are checks, known and unknown."""
    yield dg.AssetObservation("stream_with_checks", metadata={"status": "seen"})
    ask("dbt_stream 1")
    yield dg.Output(None, output_name="stream_with_checks", metadata={"unique_id": "model"})
    if hasattr(dg, "AssetCheckEvaluation"):
        # not public in Dagster 1.10
        key = dg.AssetKey("stream_with_checks")
        yield dg.AssetCheckEvaluation(
            asset_key=key, check_name="elsewhere", passed=True, metadata={"mine": 1}
        )
    ask("dbt_stream 2")
    yield passed("stream_with_checks", "not_null")
