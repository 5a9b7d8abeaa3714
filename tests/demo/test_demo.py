"""The demo from its start to its end, against the stand-in."""

import re
from decimal import Decimal

import pytest

from tests.demo.running import Ended, computing_seconds, started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_ROW = re.compile(r"^(\S.*?) +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) +(\d+\.\d+)\b")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, float]:
    before = computing_seconds()
    with started(tmp_path_factory.mktemp("demo")) as running:
        demo = running.end()
    return demo, computing_seconds() - before


@pytest.fixture
def demo(measured: tuple[Ended, float]) -> Ended:
    return measured[0]


@pytest.fixture
def rows(demo):
    """The table: name -> calls, input, cached, output, dollars."""
    found = [match.groups() for line in demo.lines if (match := _ROW.match(line))]
    return {name: tuple(Decimal(number.replace(",", "")) for number in numbers) for name, *numbers in found}


def test_the_demo_ends_well_and_the_ledger_agrees(demo):
    assert demo.status == 0, demo.output
    assert "The ledger agrees, to the token and to the cent" in demo.output


def test_the_demo_takes_less_than_a_minute_of_computing(measured):
    assert measured[1] < 60


def test_the_demo_leaves_nothing_running(demo):
    assert demo.left == []


def test_the_demo_writes_no_warning_and_no_stack_trace(demo):
    assert demo.log == ""
    assert "Traceback" not in demo.output
    assert "Warning" not in demo.output


def test_the_table_has_a_row_for_each_asset_partition_check_and_failed_attempt(rows):
    assert set(rows) == {
        "summaries",
        "embeddings",
        "triage",
        "report",
        "report, check grounded",
        "replies",
        "replies, attempt 1",
        "digest 2026-11-16",
        "digest 2026-11-17",
        "digest 2026-11-18",
        "total",
    }


def test_the_total_of_the_table_is_the_sum_of_what_it_shows(rows):
    total = rows.pop("total")

    assert total == tuple(sum(column) for column in zip(*rows.values(), strict=True))


def test_the_total_of_the_table_is_what_the_ledger_says(demo, rows):
    calls, given, _, answered, dollars = rows["total"]

    assert f"cent: {calls} calls, {given + answered:,} tokens, ${dollars}." in demo.output


def test_each_partition_has_its_own_usage(rows):
    assert len({rows[f"digest 2026-11-{day}"] for day in (16, 17, 18)}) == 3


def test_the_failed_attempt_is_one_tidy_line(demo, rows):
    calls = rows["replies, attempt 1"][0]
    told = [line.split(maxsplit=1)[1] for line in demo.lines if "attempt 1 failed" in line]

    assert told == [f"attempt 1 failed after {calls} calls: its usage is kept"]


def test_the_traces_show_runs_steps_and_requests(demo):
    tree = "\n".join(demo.lines).partition("What it did")[2]

    assert len(re.findall(r"^trace [0-9a-f]{32}$", tree, re.MULTILINE)) == 4
    assert re.findall(r"run (?:week|day)  [\d.]+ s(?:  (.*))?$", tree, re.MULTILINE) == [
        "",
        "2026-11-16",
        "2026-11-17",
        "2026-11-18",
    ]
    assert len(re.findall(r"step \w+  [\d.]+ s", tree)) == 10
    assert re.search(r"step digest  [\d.]+ s  2026-11-17$", tree, re.MULTILINE)
    assert re.search(r"step replies  [\d.]+ s  attempt 2$", tree, re.MULTILINE)
    assert re.search(r"chat gpt-5-mini  [\d.]+ s  [\d,]+ in, [\d,]+ out  \$0\.\d+$", tree, re.MULTILINE)


def test_a_request_that_was_sent_again_is_shown(demo):
    assert demo.output.count("sent 2 times") == 1
