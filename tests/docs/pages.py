"""The pages of the documentation, and the blocks of code on them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_BESIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = (*sorted(DOCS.glob("*.md")), *(ROOT / name for name in _BESIDE))
_FENCE = re.compile(r"^( *)```(\S+)[^\n]*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\s*\Z")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of code."""

    page: Path
    number: int
    """Among the blocks of its page."""
    language: str
    code: str
    not_run: str | None
    """Why it cannot be run, as the page says; `None` where it can."""

    @property
    def name(self) -> str:
        """For the id of a test."""
        return f"{self.page.relative_to(ROOT).with_suffix('')}-{self.number}"


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order, without the indentation that they have in a list."""
    text = page.read_text()
    return [
        Block(
            page=page,
            number=number,
            language=match.group(2),
            code=re.sub(rf"^{match.group(1)}", "", match.group(3), flags=re.MULTILINE),
            not_run=reason.group(1) if (reason := _NOT_RUN.search(text[: match.start()])) else None,
        )
        for number, match in enumerate(_FENCE.finditer(text))
    ]


def blocks(language: str) -> Iterator[Block]:
    """The blocks of all pages in a language."""
    for page in PAGES:
        yield from (block for block in blocks_of(page) if block.language == language)


def following(block: Block) -> Block | None:
    """The next block of the same page."""
    after = blocks_of(block.page)[block.number + 1 :]
    return after[0] if after else None
