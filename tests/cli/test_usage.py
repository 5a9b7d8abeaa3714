"""`usage` says what was billed, by whatever it is asked to add up."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import dagster as dg
import pytest
from dagster._core.storage.runs import SqliteRunStorage

from dagster_openai_otel import conventions
from dagster_openai_otel.cli.kinds import KINDS
from dagster_openai_otel.steps.metadata import Remarks, metadata_of
from dagster_openai_otel.steps.upstream import report_engine_event
from dagster_openai_otel.tally import Model, Sums, Tally
from dagster_openai_otel.usage import Usage
from tests.cli.command import added, call, of_bill, rounded, told
from tests.cli.work import HOSTILE
from tests.events import shown_usage

ALL_KINDS = [*KINDS, "tag:team", "tag:nobody"]


@pytest.fixture(scope="module")
def usage(worked):
    return lambda *arguments: call("usage", *arguments, **worked.environment)


@pytest.fixture(scope="module")
def shown(worked):
    with dg.DagsterInstance.from_config(str(worked.home)) as instance:
        return shown_usage(instance, *(run.run_id for run in instance.get_runs()))


def named(ended, by):
    return {row[by]: row for row in ended.json["rows"]}


@pytest.mark.parametrize("by", ALL_KINDS)
def test_the_total_and_the_sum_of_the_rows_are_what_was_billed(usage, worked, by):
    report = usage("--by", by, "--format", "json").json

    assert told(report["total"]) == of_bill(worked.bill)
    assert added(report["rows"]) == of_bill(worked.bill)


def test_each_model_has_what_it_was_billed(usage, worked):
    rows = named(usage("--by", "model", "--format", "json"), "model")

    billed = defaultdict(list)
    for entry in worked.bill.calls:
        tier = "" if entry.service_tier in {None, "default"} else f" ({entry.service_tier})"
        billed[entry.model + tier].append(entry)
    assert {name: row["calls"] for name, row in rows.items()} == {
        name: len(calls) for name, calls in billed.items()
    }
    assert {name: rounded(row["cost_usd"] or 0) for name, row in rows.items()} == {
        name: rounded(sum((entry.cost_usd or Decimal(0) for entry in calls if entry.reported), Decimal(0)))
        for name, calls in billed.items()
    }


def test_assets_ops_and_checks_have_their_calls(usage):
    rows = named(usage("--format", "json"), "asset")

    calls = {name: row["calls"] for name, row in rows.items()}
    several = [calls.pop(name) for name in ("left", "right", "far/right")]
    assert calls == {"letters": 2, "shaky": 4, "broken": 1, "odd": 4, "op two_outputs": 4}
    assert sum(several) == 7


def test_partitions_have_their_calls_and_all_else_is_without(usage):
    rows = named(usage("--by", "partition", "--format", "json"), "partition")

    assert set(rows) == {"a", "b", "c", "(none)"}
    assert rows["(none)"]["calls"] == 4 + 1 + 4 + 4


def test_teams_have_their_calls(usage):
    rows = named(usage("--by", "tag:team", "--format", "json"), "tag:team")

    assert {name: row["calls"] for name, row in rows.items()} == {
        "search": 6,
        HOSTILE: 7,
        "support": 4,
        "(none)": 5,
    }


def test_runs_are_named_in_full_for_programs_and_short_for_people(usage, worked):
    rows = named(usage("--by", "run", "--format", "json"), "run")
    table = usage("--by", "run").output

    assert len(rows) == 7
    assert all(len(name) == 36 and name[:8] in table and name not in table for name in rows)


def test_the_dollars_of_attempts_that_failed_are_those_of_their_observations(usage, shown):
    total = usage("--format", "json").json["total"]

    failed = [event for event in shown if (event.outcome or "").startswith("failed attempt")]
    assert len(failed) == 2
    spent = sum(Decimal(repr(event.metadata[conventions.COST_USD])) for event in failed)
    assert rounded(total["failed_attempts_usd"]) == rounded(spent)


def test_the_table_says_what_share_of_the_dollars_was_in_vain(usage):
    report = usage("--format", "json").json["total"]
    share = report["failed_attempts_usd"] / report["cost_usd"]

    assert f"{share:.1%} of the dollars went into attempts that failed" in usage().said


def test_calls_of_unknown_cost_are_named(usage):
    said = usage().said

    assert "1 call could not be priced in full" in said
    assert "1 call did not say the usage" in said


def test_what_is_not_in_the_event_log_is_named(usage):
    assert "Calls of sensors, schedules and of code outside runs are not in the event log" in usage().said


@pytest.mark.parametrize(
    ("filters", "calls"),
    [
        (["--asset", "letters"], 2),
        (["--asset", "letters", "--asset", "shaky"], 6),
        (["--asset", "*right"], None),
        (["--job", "plain_job"], 4),
        (["--job", "plain_job", "--asset", "letters"], 0),
    ],
)
def test_filters_leave_out_the_rest(usage, shown, filters, calls):
    if calls is None:
        calls = sum(event.calls for event in shown if event.target.endswith("right"))

    assert usage(*filters, "--format", "json").json["total"]["calls"] == calls


def test_an_event_counts_for_the_time_when_it_was_logged(usage, shown):
    tomorrow = (datetime.now(tz=UTC) + timedelta(days=1)).isoformat()

    assert usage("--since", "all", "--until", "1h").status == 1
    assert usage("--since", "1h", "--until", tomorrow, "--format", "json").json["total"]["calls"] == sum(
        event.calls for event in shown
    )


def test_where_nothing_was_spent_the_status_is_1(home):
    ended = call("usage", DAGSTER_HOME=str(home))

    assert ended.status == 1
    assert "No usage of the OpenAI API in 0 runs" in ended.output


def test_the_others_are_one_row(usage, worked):
    whole = usage("--format", "json").json["rows"]
    report = usage("--top", "2", "--format", "json").json

    assert report["rows"] == whole[:2]
    assert report["rest"]["asset"] == f"({len(whole) - 2} others)"
    assert added([*report["rows"], report["rest"]]) == of_bill(worked.bill)


def test_rows_are_dearest_first_and_days_in_their_order(usage):
    dollars = [row["cost_usd"] for row in usage("--format", "json").json["rows"]]
    days = [row["day"] for row in usage("--by", "day", "--format", "json").json["rows"]]

    assert dollars == sorted(dollars, reverse=True)
    assert days == sorted(days)


@pytest.mark.parametrize("by", ["asset", "model"])
def test_csv_says_what_json_says(usage, by):
    written = usage("--by", by, "--format", "csv").csv
    rows = usage("--by", by, "--format", "json").json["rows"]

    assert written == [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows
    ]


def test_the_table_has_a_total_and_no_colours_where_it_is_no_terminal(usage, worked):
    ended = usage()

    total = next(line for line in ended.output.splitlines() if line.startswith("total of 7 runs"))
    assert total.split()[4] == str(len(worked.bill.calls))
    assert "\x1b" not in ended.output
    assert ended.errors == ""


@pytest.mark.skipif(
    not hasattr(SqliteRunStorage, "add_historical_run"), reason="Dagster 1.10 makes no runs of the past"
)
def test_a_run_that_goes_on_for_weeks_is_read(home):
    run = dg.DagsterRun(job_name="long", status=dg.DagsterRunStatus.STARTED)
    used = Sums(calls=3, usage=Usage(input_tokens=5, total_tokens=5), cost_usd=Decimal("0.25"))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.run_storage.add_historical_run(run, datetime.now(tz=UTC) - timedelta(days=40))
        tally = Tally(by_model={Model(name="gpt-5"): used})
        report_engine_event(instance, run, "Usage", metadata_of(tally, Remarks()))

    report = call("usage", "--format", "json", DAGSTER_HOME=str(home)).json

    assert report["total"]["calls"] == 3
    assert report["rows"][0]["asset"] == "(outside the steps)"


def test_a_user_s_own_metadata_of_the_same_name_is_not_usage(home):
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("a", metadata={"openai/calls": 7}))

        @dg.asset
        def mine():
            return dg.MaterializeResult(metadata={"openai/calls": 7, "openai/cost_usd": 1.0})

        dg.materialize([mine], instance=instance)

    assert call("usage", DAGSTER_HOME=str(home)).status == 1


def test_json_is_one_object_without_anything_beside_it(usage):
    assert set(json.loads(usage("--format", "json").output)) == {
        "since",
        "until",
        "by",
        "runs_read",
        "events_read",
        "rows",
        "rest",
        "total",
        "notes",
    }
