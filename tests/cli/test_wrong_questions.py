"""What `usage` cannot answer is said, with a status of its own."""

import pytest

from tests.cli.command import call


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--by", "colour"], "'colour' is none of asset, partition, model, job, run, day, tag:NAME"),
        (["--by", "tag:"], "is none of"),
        (["--since", "last week"], "'last week' is no moment"),
        (["--since", "today", "--until", "yesterday"], "is not before --until"),
        (["--top", "0"], "--top"),
        (["--format", "xml"], "--format"),
    ],
)
def test_what_is_asked_for_wrongly_is_said_with_status_2(home, arguments, words):
    ended = call("usage", *arguments, DAGSTER_HOME=str(home))

    assert ended.status == 2
    assert words in ended.said


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "DAGSTER_HOME is not set. Set it to the folder"),
        ({"DAGSTER_HOME": "/there/is/none"}, "DAGSTER_HOME is '/there/is/none', which is no folder"),
    ],
)
def test_without_an_instance_the_status_is_2(environment, words):
    ended = call("usage", **environment)

    assert ended.status == 2
    assert words in ended.said


def test_an_instance_that_cannot_be_opened_is_said_with_status_2(home):
    (home / "dagster.yaml").write_text("storage: nonsense")

    ended = call("usage", DAGSTER_HOME=str(home))

    assert ended.status == 2
    assert f"The Dagster instance of {home} cannot be opened" in ended.said
