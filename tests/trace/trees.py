"""What a collector was sent, as a tree of names and as links between names."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.export.collector import attributes

_ERROR = 2


@dataclass(frozen=True)
class Told:
    """The spans that a collector was sent."""

    spans: list[Any]

    @cached_property
    def by_id(self) -> dict[bytes, Any]:
        found = {span.span_id: span for span in self.spans}
        assert len(found) == len(self.spans), "a span was sent twice"
        return found

    @property
    def traces(self) -> set[int]:
        return {int.from_bytes(span.trace_id) for span in self.spans}

    @property
    def tree(self) -> list[str]:
        """One line a span, indented below its parent, sorted among its siblings."""
        return list(self._below(self.roots, ""))

    @property
    def roots(self) -> list[Any]:
        return [span for span in self.spans if span.parent_span_id not in self.by_id]

    def named(self, name: str) -> Any:
        """The only span of a name."""
        (span,) = [span for span in self.spans if label(span) == name]
        return span

    def links(self, span: Any) -> list[tuple[str, str]]:
        """Kind and target of each link of a span; a target that was not sent is `?`."""
        return sorted(
            (attributes(link)["dagster.link"], label(self.by_id[link.span_id]))
            if link.span_id in self.by_id
            else (attributes(link)["dagster.link"], "?")
            for link in span.links
        )

    def _below(self, spans: list[Any], indent: str) -> Iterator[str]:
        for span in sorted(spans, key=label):
            yield indent + label(span)
            children = [child for child in self.spans if child.parent_span_id == span.span_id]
            yield from self._below(children, indent + "  ")


def label(span: Any) -> str:
    """Name of a span; of a later attempt with its number, and of one that failed with what it failed of."""
    said = attributes(span)
    retry = said.get("dagster.retry_number", 0) if span.name.startswith("step ") else 0
    failed = f" ! {span.status.message}" if span.status.code == _ERROR else ""
    return f"{span.name}{f' #{retry}' if retry else ''}{failed}"


def events(span: Any) -> list[dict[str, Any]]:
    """Name and attributes of each event of a span, in order."""
    return [{"name": event.name, **attributes(event)} for event in span.events]
