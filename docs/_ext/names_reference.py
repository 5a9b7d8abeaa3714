"""Tables of every name that the library writes, read from its source when the documentation is built.

A page writes `{names} dagster.` for the names that begin so, or `{names} rest` for those that no other page
asks for. Nothing is imported: a constant and the docstring below it are all that is read.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PACKAGE = Path(__file__).parents[2] / "dagster_openai_otel"
_TYPE = re.compile(r"`(?P<code>[^`]+)`|(?P<word>Table|URL|Event|Tag)\b")
_UNIT = re.compile(r"(tokens|seconds|US dollars|JSON|ISO 8601)\b")
_WHEN = re.compile(r"[;,.:] ((?:absent|only|opt-in)\b[^.;]*)", re.IGNORECASE)
_SOURCE = re.compile(r"\s*Source: ([^.]+)\.$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One name, and what its docstring says of it."""

    constant: str
    value: str
    kind: str
    """Its type."""
    unit: str
    """Empty where it has none, or where the type says it."""
    meaning: str
    when: str
    """When it is there or absent; empty where nothing is said."""
    source: str
    """Who defined it; empty where it is this library's own."""


def names() -> list[Name]:
    """All constants of `conventions.py`, and the counts of a `Usage`, which follow a prefix of those."""
    found = [_read(*constant) for constant in _constants(PACKAGE / "conventions.py")]
    prefix = next(name.value for name in found if name.constant == "OPENAI_USAGE_PREFIX")
    counts = [
        _read(field, prefix + field, f"`int`, tokens: {text}")
        for field, text in _fields(PACKAGE / "usage.py", "Usage")
    ]
    return [name for name in found if name.value != prefix] + counts


def chosen(wanted: str, pages: Iterator[str]) -> list[Name]:
    """The names that a page asks for.

    Args:
        wanted: What they begin with, or `rest`.
        pages: What all pages ask for.
    """
    if wanted != "rest":
        return [name for name in names() if name.value.startswith(wanted)]
    asked = tuple(prefix for prefix in pages if prefix != "rest")
    return [name for name in names() if not name.value.startswith(asked)]


def asked_for(folder: Path) -> Iterator[str]:
    """What the pages of a folder ask for."""
    for page in sorted(folder.glob("*.md")):
        yield from re.findall(r"^```\{names\} (\S+)$", page.read_text(), re.MULTILINE)


def table(rows: list[Name]) -> str:
    """A table in Markdown, without the columns that nothing stands in."""
    columns = {
        "name": [f"`{name.value}`" for name in rows],
        "type": [name.kind for name in rows],
        "unit": [name.unit for name in rows],
        "meaning": [name.meaning for name in rows],
        "when": [name.when for name in rows],
        "source": [name.source for name in rows],
    }
    shown = {title: cells for title, cells in columns.items() if any(cells)}
    lines = [list(shown), ["---"] * len(shown), *zip(*shown.values(), strict=True)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _constants(path: Path) -> Iterator[tuple[str, str, str]]:
    body = ast.parse(path.read_text()).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=constant), value=ast.Constant(value=str(value))):
                yield constant, value, _text(following)


def _fields(path: Path, owner: str) -> Iterator[tuple[str, str]]:
    tree = ast.parse(path.read_text())
    body = next(part.body for part in tree.body if isinstance(part, ast.ClassDef) and part.name == owner)
    for statement, following in zip(body, [*body[1:], None], strict=True):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=field)):
                yield field, _text(following)


def _text(statement: ast.stmt | None) -> str:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
    return ""


def _read(constant: str, value: str, text: str) -> Name:
    source = _SOURCE.search(text)
    text = _SOURCE.sub("", text) if source else text
    kind = _TYPE.match(text)
    when = _WHEN.search(text) if kind else None
    text = text.replace(when.group(0), "", 1) if when else text
    code = kind.group("code") if kind else None
    # `Table: one row a model`, but `URL of the trace`
    rest = text[kind.end() :] if kind and (code or text[kind.end() :].startswith(":")) else text
    rest = rest.lstrip(",:; ").rstrip(". ")
    unit = _UNIT.match(rest)
    if unit and rest[unit.end() :][:1] in {":", ","}:
        rest = rest[unit.end() + 1 :].lstrip()
    return Name(
        constant=constant,
        value=value,
        kind=f"`{code}`" if code else (kind.group("word").lower() if kind else ""),
        unit=unit.group(1) if unit else "",
        meaning=rest,
        when=when.group(1).removeprefix("opt-in: ").lower() if when else "",
        source=source.group(1) if source else "",
    )


class NamesDirective(SphinxDirective):
    """A table of names, which is noted as depending on the modules that it is read from."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table."""
        for module in ("conventions.py", "usage.py"):
            self.env.note_dependency(str(PACKAGE / module))
        rows = chosen(self.arguments[0], asked_for(Path(self.env.srcdir)))
        holder = nodes.container()
        self.state.nested_parse(StringList(table(rows).splitlines(), source="conventions.py"), 0, holder)
        return holder.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("names", NamesDirective)
    return {"parallel_read_safe": True}
