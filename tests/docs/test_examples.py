import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.events import billed, shown_usage, summed

_ROOT = Path(__file__).parents[2]
_PAGES = ("README.md", "docs/index.md", "docs/getting-started.md")
_EXAMPLES = [
    pytest.param(code, id=f"{page}-{number}")
    for page in _PAGES
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", (_ROOT / page).read_text(), re.DOTALL))
    if "@dg." in code
]


@pytest.mark.parametrize("code", _EXAMPLES)
def test_an_example_of_the_documentation_shows_what_it_was_billed(code, api, instance):
    example: dict[str, Any] = {"__name__": "example"}
    exec(code, example)  # noqa: S102  # the documentation's own code
    assets = [value for value in example.values() if isinstance(value, dg.AssetsDefinition)]
    resources = example["defs"].resources if "defs" in example else None

    run = dg.materialize(assets, instance=instance, resources=resources)

    assert summed(shown_usage(instance, run.run_id)) == billed(api.bill)
    assert api.bill.calls
