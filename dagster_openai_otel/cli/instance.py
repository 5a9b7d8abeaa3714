"""The Dagster instance that a command reads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagster_openai_otel.cli.failing import CommandError

if TYPE_CHECKING:
    from dagster import DagsterInstance, RunRecord, RunsFilter

_PAGE = 200
HOME = "DAGSTER_HOME"
"""The variable that names the folder with `dagster.yaml`."""


@contextmanager
def opened() -> "Iterator[DagsterInstance]":
    """The instance of `DAGSTER_HOME`, while the block runs.

    Raises:
        CommandError: There is none, or it cannot be opened.
    """
    home = os.environ.get(HOME, "").strip()
    if not home:
        message = f"{HOME} is not set. Set it to the folder that your Dagster instance keeps its runs in."
        raise CommandError(message)
    if not os.path.isdir(os.path.expanduser(home)):  # noqa: PTH112, PTH111  # as Dagster reads it
        message = f"{HOME} is {home!r}, which is no folder."
        raise CommandError(message)
    from dagster import DagsterInstance  # noqa: PLC0415  # takes seconds

    try:
        instance = DagsterInstance.get()
    except Exception as error:  # whatever the storage raises
        message = f"The Dagster instance of {home} cannot be opened: {type(error).__name__}: {error}"
        raise CommandError(message) from error
    with instance:
        yield instance


def records_of(instance: "DagsterInstance", filters: "RunsFilter") -> "Iterator[RunRecord]":
    """The runs that pass a filter, the newest first, read page by page."""
    cursor, more = None, True
    while more:
        page = instance.get_run_records(filters, limit=_PAGE, order_by="id", ascending=False, cursor=cursor)
        more = len(page) == _PAGE
        for record in page:
            cursor = record.dagster_run.run_id
            yield record
