"""`SpanQueue`: ended spans wait here, and a thread hands them to an exporter."""

import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from opentelemetry import context as otel_context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from dagster_openai_otel.faults import error_type, guarded
from dagster_openai_otel.quieting import quieted, scrubbed
from dagster_openai_otel.span_account import SpanAccount
from dagster_openai_otel.variables import whole_number


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """How many spans wait, and for how long."""

    size: int
    """Spans that wait at most; one more is lost."""
    batch: int
    """Spans that are sent at once, at most."""
    delay: float
    """Seconds that a span waits for others, at most."""


def queue_limits() -> QueueLimits:
    """What the standard variables `OTEL_BSP_*` say."""
    size = whole_number("OTEL_BSP_MAX_QUEUE_SIZE", 2048)
    batch = whole_number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)
    delay = whole_number("OTEL_BSP_SCHEDULE_DELAY", 5000)
    return QueueLimits(size=size, batch=min(batch, size), delay=delay / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """Stands in the queue behind the spans that somebody waits for."""

    reached: threading.Event = field(default_factory=threading.Event)
    is_last: bool


class SpanQueue:
    """Hands ended spans to an exporter, in batches, from a thread of its own.

    The SDK's `BatchSpanProcessor` waits as long as its exporter likes, half a minute at the end of a process,
    and does not know what it lost. Here whoever waits does so by a clock, and every loss is counted.

    Args:
        make_exporter: Makes the exporter: now, and anew in a process that is forked off.
        limits: How many spans wait.
        on_first_span: Called in each process when its first span has ended.
    """

    def __init__(
        self,
        make_exporter: Callable[[], SpanExporter],
        limits: QueueLimits,
        on_first_span: Callable[[], None],
    ) -> None:
        self._make_exporter = make_exporter
        self._limits = limits
        self._on_first_span = on_first_span
        self._exporter: SpanExporter | None = make_exporter()
        self._begin()
        if hasattr(os, "register_at_fork"):
            forked = weakref.WeakMethod(self._forked)
            os.register_at_fork(after_in_child=lambda: (call := forked()) and call())

    def _begin(self) -> None:
        # the one kind of queue that can also be filled in the garbage collector, where streams can end
        self._waiting: SimpleQueue[ReadableSpan | _Mark] = SimpleQueue()
        full = f"the queue was full (OTEL_BSP_MAX_QUEUE_SIZE is {self._limits.size:,})"
        self._account = SpanAccount(self._limits.size, full)
        self._said: list[str] = []
        self._starting = threading.RLock()
        self._worker: threading.Thread | None = None

    def _forked(self) -> None:
        # what waits is the parent's, and so is the connection
        self._exporter = None
        self._begin()

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span that is sampled, or count it as lost."""
        if span.context is not None and span.context.trace_flags.sampled:
            with guarded("a span for the exporter"):
                if self._worker is None:
                    self._start()
                if self._account.accept():
                    self._waiting.put(span)

    def ask(self, *, last: bool = False) -> threading.Event:
        """Have all that waits exported without further delay.

        Args:
            last: Whether the exporter is shut down then.

        Returns:
            Is set when nothing waits any longer.
        """
        mark = _Mark(is_last=last)
        if self._worker is None or self._worker is threading.current_thread():
            mark.reached.set()
        else:
            self._waiting.put(mark)
        return mark.reached

    def tell(self, *, last: bool) -> None:
        """Say how many spans of this process were lost or have no time left, and why; see `SpanAccount`."""
        self._account.tell(scrubbed(self._said[-1]) if self._said else None, last=last)

    def _start(self) -> None:
        with self._starting:
            if self._worker is not None:
                return
            self._worker = threading.Thread(
                target=self._work,
                args=(self._waiting, self._account),
                name="dagster-openai-otel-export",
                daemon=True,
            )
            # else it would hold on to the step that happened to be the first
            token = otel_context.attach(otel_context.Context())
            try:
                self._worker.start()
            finally:
                otel_context.detach(token)
            self._on_first_span()

    def _work(self, waiting: SimpleQueue[ReadableSpan | _Mark], account: SpanAccount) -> None:
        batch: list[ReadableSpan] = []
        due = 0.0
        with suppress_instrumentation():
            while True:
                try:
                    item = waiting.get(timeout=max(due - time.monotonic(), 0) if batch else None)
                except Empty:
                    item = None
                if isinstance(item, ReadableSpan):
                    due = due if batch else time.monotonic() + self._limits.delay
                    batch.append(item)
                    if len(batch) < self._limits.batch:
                        continue
                if batch:
                    account.settle(len(batch), self._export(batch))
                    batch = []
                if isinstance(item, _Mark):
                    if item.is_last:
                        self._shut_down()
                    item.reached.set()
                    if item.is_last:
                        return

    def _export(self, batch: list[ReadableSpan]) -> str | None:
        """Export some spans; why that failed, if it did."""
        error: Exception | None = None
        with quieted(type(self._exporter).__module__.partition(".")[0]) as self._said:
            try:
                if self._exporter is None:
                    self._exporter = self._make_exporter()
                if self._exporter.export(batch) is SpanExportResult.SUCCESS:
                    self._said.clear()
                    return None
            except Exception as raised:  # noqa: BLE001  # whatever an exporter raises, the thread goes on
                error = raised
        if error is not None:
            return f"the exporter raised {error_type(error)}: {scrubbed(str(error))}"
        return f"the exporter said: {scrubbed(self._said[-1])}" if self._said else "the exporter said no more"

    def _shut_down(self) -> None:
        with quieted(), guarded("nothing", "an exporter that was shut down"):
            if self._exporter is not None:
                self._exporter.shutdown()
