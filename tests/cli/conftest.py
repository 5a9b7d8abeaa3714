"""An instance on disk with runs in it, and what they were billed; made once for all tests of a module."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from dagster_openai_otel.testing import Bill, FakeOpenAI
from tests.cli.work import work


@dataclass(frozen=True, kw_only=True)
class Worked:
    """An instance with runs."""

    home: Path
    bill: Bill

    @property
    def environment(self) -> dict[str, str]:
        return {"DAGSTER_HOME": str(self.home)}


def made_home(folder: Path, configuration: str = "") -> Path:
    """A `DAGSTER_HOME`."""
    folder.mkdir(exist_ok=True)
    (folder / "dagster.yaml").write_text(f"telemetry:\n  enabled: false\n{configuration}")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An instance without runs."""
    return made_home(tmp_path / "home")


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worked]:
    folder = made_home(tmp_path_factory.mktemp("worked") / "home")
    with (
        pytest.MonkeyPatch.context() as patch,
        FakeOpenAI() as fake,
    ):
        for name, value in fake.environment.items():
            patch.setenv(name, value)
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            work(instance)
        yield Worked(home=folder, bill=fake.bill)
