"""The documentation names the versions of the libraries that are tried."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "libraries.md"
ROW = re.compile(r"^\| `([\w-]+)` \| ([\d.]+) \| ([\d.]+) \|", re.MULTILINE)


def installed(package: str) -> str | None:
    """The first two numbers of its version."""
    try:
        return ".".join(version(package).split(".")[:2])
    except PackageNotFoundError:
        return None


def test_the_documentation_names_these_versions():
    rows = [row for row in ROW.findall(DOCUMENT.read_text()) if installed(row[0])]
    assert rows
    for package, documented, sdk in rows:
        assert (installed(package), installed("openai")) == (documented, sdk), package
