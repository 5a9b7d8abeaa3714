"""Every block of Python on every page: definitions are materialized, everything else is run."""

import inspect
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.docs.pages import PAGES, ROOT, Block, blocks, blocks_of, following
from tests.events import Shown, billed, shown_usage, summed

_RANGE = "dagster/asset_partition_range"


def _defines(block: Block) -> bool:
    return "@dg." in block.code and "def test_" not in block.code


_EXAMPLES = [pytest.param(block, id=block.name) for block in blocks("python") if _defines(block)]
_PAGES = [
    pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if "```python" in page.read_text()
]


def _run(code: str, namespace: dict[str, Any]) -> dict[str, Any]:
    exec(code, namespace)  # noqa: S102  # the documentation's own code
    return namespace


def _tags(assets: list[dg.AssetsDefinition]) -> dict[str, str]:
    """Tags of a run over all partitions, where there are some."""
    partitions = [asset.partitions_def for asset in assets if asset.partitions_def]
    keys = partitions[0].get_partition_keys() if partitions else []
    return {f"{_RANGE}_start": keys[0], f"{_RANGE}_end": keys[-1]} if keys else {}


def _materialized(block: Block, instance: dg.DagsterInstance) -> list[Shown]:
    example = _run(block.code, {"__name__": "example"})
    assets = [value for value in example.values() if isinstance(value, dg.AssetsDefinition)]
    resources = example["defs"].resources if "defs" in example else None
    run = dg.materialize(assets, instance=instance, resources=resources, tags=_tags(assets))
    return shown_usage(instance, run.run_id)


def _told(shown: Shown) -> str:
    """An event in the words of the pages."""
    partition = f"[{shown.partition}]" if shown.partition else ""
    calls = f"{shown.calls} call" + ("" if shown.calls == 1 else "s")
    said = [calls, shown.metadata.get("openai/share"), shown.outcome]
    return f"{shown.kind} {shown.target}{partition}: {', '.join(filter(None, said))}"


@pytest.mark.parametrize("block", _EXAMPLES)
def test_an_example_shows_what_it_was_billed(block: Block, api: FakeOpenAI, instance: dg.DagsterInstance):
    shown = _materialized(block, instance)

    assert summed(shown) == billed(api.bill)
    assert api.bill.calls
    told = following(block)
    if told is not None and told.language == "text":
        # Dagster materializes the partitions of a run in any order
        in_order = sorted(shown, key=lambda event: event.partition or "")
        assert [_told(event) for event in in_order] == told.code.splitlines()


def test_the_first_asset_shows_the_numbers_of_its_page(api: FakeOpenAI, instance: dg.DagsterInstance):
    page = blocks_of(ROOT / "docs" / "getting-started.md")
    (example,) = (block for block in page if block.language == "python")
    (numbers,) = (block for block in page if block.language == "text")

    (shown,) = _materialized(example, instance)

    given = {key: value for key, value in shown.metadata.items() if isinstance(value, int | float)}
    del given["openai/duration_s"]
    assert [line.split() for line in numbers.code.splitlines()] == [
        [key, str(value)] for key, value in given.items()
    ]


@pytest.mark.parametrize("page", _PAGES)
def test_the_other_blocks_of_a_page_run_one_after_the_other(page: Path, api: FakeOpenAI):
    namespace: dict[str, Any] = {"__name__": "page"}
    for block in blocks_of(page):
        if block.language == "python" and not _defines(block) and block.not_run is None:
            _run(block.code, namespace)
            for name in [name for name in namespace if name.startswith("test_")]:
                test = namespace.pop(name)
                test(**dict.fromkeys(inspect.signature(test).parameters, api))
    for value in namespace.values():
        for end in ("shutdown", "close"):
            if not inspect.isclass(value) and not inspect.ismodule(value) and hasattr(value, end):
                getattr(value, end)()


def test_almost_every_block_can_be_run():
    not_run = {block.name: block.not_run for block in blocks("python") if block.not_run}
    assert list(not_run) == ["docs/libraries-0"]
