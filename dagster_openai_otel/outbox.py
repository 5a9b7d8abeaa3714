"""`Outbox`: sends the spans of this process, and ends with it, within a time limit."""

import atexit
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.util import Finalize

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter

from dagster_openai_otel.faults import guarded
from dagster_openai_otel.span_queue import QueueLimits, SpanQueue


class Outbox(SpanProcessor):
    """Hands ended spans to the exporters of this process.

    Args:
        flush_timeout: Seconds, at most, that somebody waits for the exporters.
    """

    def __init__(self, flush_timeout: float) -> None:
        self._flush_timeout = flush_timeout
        self._queues: list[SpanQueue] = []
        self._process = 0
        self._is_stuck = False
        self._last_call: float | None = None

    def add(self, make_exporter: Callable[[], SpanExporter], limits: QueueLimits) -> None:
        """Add an exporter.

        Args:
            make_exporter: Makes it.
            limits: How many spans wait for it.

        Raises:
            Exception: What making it raises.
        """
        self._queues.append(SpanQueue(make_exporter, limits, self._expect_end))

    def __bool__(self) -> bool:
        return bool(self._queues)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span; where the process is about to end, wait until it is exported."""
        for queue in self._queues:
            queue.on_end(span)
        if self._last_call is not None and self._process == os.getpid():
            self._send(self._last_call)

    def flush(self) -> None:
        """Have what has ended exported, waiting for `flush_timeout` at most; say what was lost."""
        self._is_stuck = not self._send(time.monotonic() + self._flush_timeout)
        self._tell(last=False)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Have what has ended exported, waiting for some milliseconds at most."""
        return self._send(time.monotonic() + timeout_millis / 1000)

    def shutdown(self) -> None:
        """Have what has ended exported, waiting for `flush_timeout` at most, and shut the exporters down."""
        with guarded("spans at the end of the process"):
            self._send(self._until_end(), last=True)
            self._tell(last=True)

    def _expect_end(self) -> None:
        """Once in each process: be called when it ends."""
        if self._process == os.getpid():
            return
        self._process, self._last_call, self._is_stuck = os.getpid(), None, False
        if multiprocessing.parent_process() is not None:
            # what is forked off ends without `atexit`
            Finalize(None, self._end, exitpriority=0)
        atexit.register(self.shutdown)

    def _end(self) -> None:
        """The main thread has ended, and other threads can still be at work."""
        with guarded("spans at the end of the process"):
            self._last_call = self._until_end()
            self._send(self._last_call)
            self._tell(last=True)

    def _until_end(self) -> float:
        """Until when the end of the process waits, where it is not known yet."""
        # whoever has not answered the run does not answer its process
        wait = 0 if self._is_stuck else self._flush_timeout
        return time.monotonic() + wait if self._last_call is None else self._last_call

    def _send(self, deadline: float, *, last: bool = False) -> bool:
        """Have all exported until a time by `time.monotonic`; whether that was done."""
        reached = [queue.ask(last=last) for queue in self._queues]
        return all(mark.wait(max(deadline - time.monotonic(), 0)) for mark in reached)

    def _tell(self, *, last: bool) -> None:
        for queue in self._queues:
            queue.tell(last=last)
