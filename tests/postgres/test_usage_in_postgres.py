"""`usage` reads an instance whose storage is PostgreSQL."""

import dagster as dg
import pytest

from benchmarks.event_log import Size, fill
from dagster_openai_otel.cli.kinds import KINDS
from dagster_openai_otel.testing import FakeOpenAI
from tests.cli.command import added, call, of_bill, told
from tests.cli.conftest import made_home
from tests.cli.work import work


def made_instance(folder, port):
    return made_home(
        folder,
        f"storage:\n  postgres:\n    postgres_url: postgresql+psycopg2://dagster@127.0.0.1:{port}/postgres\n",
    )


@pytest.fixture(scope="module")
def worked(port, tmp_path_factory):
    home = made_instance(tmp_path_factory.mktemp("postgres") / "home", port)
    with pytest.MonkeyPatch.context() as patch, FakeOpenAI() as fake:
        for name, value in fake.environment.items():
            patch.setenv(name, value)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            work(instance)
        yield home, fake.bill


@pytest.mark.parametrize("by", [*KINDS, "tag:team"])
def test_the_total_and_the_sum_of_the_rows_are_what_was_billed(worked, by):
    home, bill = worked
    report = call("usage", "--by", by, "--format", "json", DAGSTER_HOME=str(home)).json

    assert told(report["total"]) == of_bill(bill)
    assert added(report["rows"]) == of_bill(bill)


def test_logs_of_more_than_a_page_are_read_to_the_end(worked):
    home, bill = worked
    with dg.DagsterInstance.from_config(str(home)) as instance:
        written = fill(instance, Size(runs=250, events=3, days=5))
        written += fill(instance, Size(runs=1, events=1_200, days=5), seed=1)

    total = call("usage", "--format", "json", DAGSTER_HOME=str(home)).json["total"]

    assert total["calls"] == written.calls + len(bill.calls)
