"""Spans in files: a folder in `DAGSTER_HOME`, a file a process, a span a line."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult


def folder_of(home: str | Path) -> Path:
    """The folder with the spans of all runs in a `DAGSTER_HOME`."""
    return Path(home) / "spans"


class SpanFiles(SpanExporter):
    """Appends each span as a line of JSON to the file of this process.

    The folder is in `DAGSTER_HOME`, or in the current folder where that is not set.
    """

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write spans that have ended."""
        folder = folder_of(os.environ.get("DAGSTER_HOME") or ".")
        folder.mkdir(parents=True, exist_ok=True)
        # opened anew each time, so that nothing is left open at the end of a process
        with (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write("".join(span.to_json(indent=None) + "\n" for span in spans))
        return SpanExportResult.SUCCESS


def span_files() -> TracerProvider:
    """A tracer provider whose spans go to `SpanFiles`, each at once."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SpanFiles()))
    return provider


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRecord:
    """A span as it stands in a file."""

    name: str
    trace_id: str
    """In hexadecimal, with `0x`."""
    span_id: str
    parent_id: str | None
    """`None` for the root of a trace."""
    start: datetime
    end: datetime
    failed: bool
    attributes: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.end - self.start).total_seconds()


def read_spans(home: str | Path) -> list[SpanRecord]:
    """All spans of all processes so far, by the time at which they began."""
    files = folder_of(home).glob("*.jsonl")
    return sorted((span for file in files for span in _spans_in(file)), key=lambda span: span.start)


def _spans_in(file: Path) -> Iterator[SpanRecord]:
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        # the last line may still be on its way
        if line.endswith("\n"):
            yield _record(json.loads(line))


def _record(span: Mapping[str, Any]) -> SpanRecord:
    return SpanRecord(
        name=span["name"],
        trace_id=span["context"]["trace_id"],
        span_id=span["context"]["span_id"],
        parent_id=span["parent_id"],
        start=datetime.fromisoformat(span["start_time"]),
        end=datetime.fromisoformat(span["end_time"]),
        failed=span["status"]["status_code"] == "ERROR",
        attributes=span["attributes"],
    )
