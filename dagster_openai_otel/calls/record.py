"""The life of one request: from the span's start, through answer, stream or error, to its end."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions, pricing
from dagster_openai_otel.calls.answers import Answer, read
from dagster_openai_otel.calls.asked import Asked
from dagster_openai_otel.calls.attributes import booked_attributes, genai_attributes, priced_attributes
from dagster_openai_otel.calls.content import Deltas, output_messages
from dagster_openai_otel.calls.counts import value_of
from dagster_openai_otel.calls.hiding import show_by
from dagster_openai_otel.calls.jobs import Jobs
from dagster_openai_otel.calls.stream_usage import UsageChunkFilter
from dagster_openai_otel.calls.streams import (
    Filter,
    Listener,
    Reader,
    is_compressed,
    observe,
    read_whole,
    reader_for,
)
from dagster_openai_otel.faults import error_type, guarded


class RequestRecord:
    """One request of the SDK and its span. The span ends once, whoever says so first.

    Args:
        span: The span, which has been started.
        asked: What the request asks for.
        prices: What it is priced by.
        jobs: What the API is working on.
    """

    def __init__(self, span: Span, asked: Asked, prices: pricing.Prices, jobs: Jobs) -> None:
        self.span = span
        self._asked = asked
        self._prices = prices
        self._jobs = jobs
        self._began_at = datetime.now(UTC)
        self._began = time.perf_counter()
        self._response: Any = None
        self._reader: Reader | None = None
        self._chunked = False
        self.hides = False
        """Whether usage was asked for that the user did not ask for."""
        # popped by whoever ends the span: one atomic step, also in the garbage collector
        self._open = [span]
        self._completion = Deltas() if asked.content else None

    def received(self, response: Any, retries: int) -> None:
        """An HTTP response came whose status is good; its body may not have been read."""
        self._set_status(response, retries)
        passing: Filter | None = UsageChunkFilter() if self.hides else None
        if passing is not None and (response.is_closed or is_compressed(response)):
            show_by(response, passing)
            passing = None
        if response.is_closed:
            self._response = response
        else:
            self._reader = reader_for(response, self._asked.form, self._listener)
            observe(response, self, passing)

    def returned(self, result: object) -> None:
        """The SDK gives its result to the user."""
        if self._open and self._response is None and self._reader is None:
            with guarded("the usage of a streamed call"):
                # the SDK has no `_process_response` to see it by
                response = getattr(result, "response", None) or getattr(result, "http_response", None)
                if hasattr(response, "is_closed"):
                    self.received(response, 0)
        if self._reader is None:
            self._end(lambda: self._read(result))

    def told(self, answer: Answer) -> None:
        """What was used came to be known otherwise than by a request."""
        self._end(lambda: answer)

    def raised(self, error: BaseException) -> None:
        """The SDK raises into the user's code."""
        # anybody's exception comes by here: what is called `response` can be anything
        with suppress(Exception):
            self._see_error(error)
        if self._reader is not None:
            self.end(error)
        else:
            self._end((lambda: self._read(None)) if self._response is not None else None, error)

    def chunk(self, data: bytes) -> None:
        """Some bytes of a streamed answer have come."""
        with guarded("the usage of a streamed call"):
            reader = self._reader
            if reader is None:
                return
            if not self._chunked and reader.sse and self._asked.alone:
                self.span.set_attribute(
                    conventions.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, time.perf_counter() - self._began
                )
            self._chunked = True
            reader.feed(data)
            if reader.complete:
                self.end()

    def end(self, error: BaseException | None = None, *, whole: bool = False) -> None:
        """A streamed answer is at its end, which makes it whole, or was left, or broke."""
        with guarded("the usage of a streamed call"):
            reader = self._reader
            if reader is not None and self._open:
                self._end(lambda: reader.finish(whole=whole), error)

    @property
    def _listener(self) -> Listener | None:
        return self._completion.see if self._completion else None

    def _read(self, result: object) -> Answer:
        """Read what the SDK parsed, and where that says nothing, or is of the user's making, the body."""
        if _is_the_sdks(result) and value_of(result, "usage") is not None:
            if self._completion is not None:
                with guarded("the completion on the span of a call"):
                    self._completion.see(result)
            return read(result)
        if self._response is None:
            return Answer()
        return read_whole(self._response, self._asked.form, self._listener)

    def _see_error(self, error: BaseException) -> None:
        response = getattr(error, "response", None)
        if response is not None and self._response is None:
            self._set_status(response, 0)
        request = response.request if response is not None else getattr(error, "request", None)
        sent = request.headers.get("x-stainless-retry-count", "0") if request is not None else "0"
        if sent.isdigit() and sent != "0":
            self.span.set_attribute(conventions.HTTP_RESEND_COUNT, int(sent))

    def _set_status(self, response: Any, retries: int) -> None:
        if isinstance(response.status_code, int):
            self.span.set_attribute(conventions.HTTP_STATUS_CODE, response.status_code)
        if retries:
            self.span.set_attribute(conventions.HTTP_RESEND_COUNT, retries)

    def _end(self, reading: Callable[[], Answer] | None, error: BaseException | None = None) -> None:
        """End the span, unless that was done.

        Args:
            reading: Says what was answered; `None` where nothing was.
            error: What the user gets instead.
        """
        try:
            span = self._open.pop()
        except IndexError:
            return
        try:
            # an answer that cannot be read is one that says nothing
            answer = Answer() if reading is not None else None
            with guarded("the usage of a call"):
                answer = reading() if reading is not None else None
            failed = error_type(error) if error is not None else None
            if answer is not None and answer.broke_off:
                failed = failed or "openai.APIError"
            if failed is not None:
                span.set_status(Status(StatusCode.ERROR, failed.rpartition(".")[2]))
                span.set_attribute(conventions.ERROR_TYPE, failed)
            if answer is not None:
                tells = self._asked.endpoint.tells
                self._describe(span, answer if tells else Answer(model=answer.model))
        except BaseException:
            # an interrupt, say: what was answered is billed all the same
            if reading is not None and self._asked.endpoint.bills:
                span.set_attribute(conventions.OPENAI_CALL, True)  # noqa: FBT003  # of OpenTelemetry
            raise
        finally:
            self._response = self._reader = None
            span.end()

    def _describe(self, span: Span, answer: Answer) -> None:
        """Add what an answer says; what is counted comes last, where limits cut first."""
        described: dict[str, AttributeValue] = {}
        if self._asked.alone:
            described |= genai_attributes(answer)
        if self._completion is not None:
            with guarded("the completion on the span of a call"):
                if said := output_messages(self._completion.answer):
                    described[conventions.GEN_AI_OUTPUT_MESSAGES] = said
        if answer.service_tier:
            described[conventions.OPENAI_RESPONSE_SERVICE_TIER] = answer.service_tier
        if not self._is_call(answer):
            span.set_attributes(described)
            return
        span.set_attributes(described | booked_attributes(answer, self._asked))
        # an interrupt that comes while the table of prices is loaded costs the price, and not the usage
        with guarded("the price of a call"):
            span.set_attributes(priced_attributes(answer, self._asked, self._prices, self._began_at))

    def _is_call(self, answer: Answer) -> bool:
        endpoint = self._asked.endpoint
        if endpoint.job:
            return self._jobs.counts(self.span, answer, made=endpoint.bills)
        return endpoint.bills or (self._asked.method == "POST" and answer.usage is not None)


def _is_the_sdks(result: object) -> bool:
    """Whether a result names what it holds as the API does."""
    return type(result) is dict or type(result).__module__.startswith("openai.types.")
