"""One connection to the fake API: reads requests, writes replies, keeps the ledger honest."""

import gzip
import http.client
import selectors
import socket
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

from dagster_openai_otel.testing.backend import Arrival
from dagster_openai_otel.testing.billing import BilledCall, BillEntry
from dagster_openai_otel.testing.listener import Listener
from dagster_openai_otel.testing.replies import Plain, Streamed

_BUSY_SECONDS = 0.02
_PHRASES: Mapping[int, str] = http.client.responses
_USUAL_HEADERS: Mapping[str, str] = {
    "openai-organization": "fake-organization",
    "openai-processing-ms": "12",
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-limit-tokens": "10000000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-remaining-tokens": "9999000",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-reset-tokens": "6ms",
}
_STREAM_HEADERS: Mapping[str, str] = {
    "cache-control": "no-cache",
    "content-type": "text/event-stream; charset=utf-8",
    "transfer-encoding": "chunked",
}


class Connection(BaseHTTPRequestHandler):
    """Serves the requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def handle(self) -> None:
        """Serve until the client leaves; that it may do so in mid-answer is no error."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Say nothing: a test reads `FakeOpenAI.requests`."""

    def serve(self) -> None:
        """Read one request and answer it."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        backend = self.server.backend
        arrival = backend.arrive(self.command, self.path, headers, self._read_body())
        if not self._stays_for(arrival.answer.hang):
            self.close_connection = True
        elif arrival.answer.reset and arrival.answer.cut_after is None:
            self.server.abort(self.connection)
            self.close_connection = True
        else:
            reply = backend.reply(arrival)
            if isinstance(reply, Plain):
                self._write_plain(arrival, reply)
            else:
                self._write_stream(arrival, reply)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Take every method but HEAD: the base class looks for `do_GET` and the like."""
        if name.startswith("do_") and name != "do_HEAD":
            return self.serve
        raise AttributeError(name)

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _write_plain(self, arrival: Arrival, reply: Plain) -> None:
        """Write the whole answer at once, after it was billed."""
        body = gzip.compress(reply.body, mtime=0) if arrival.answer.gzip else reply.body
        framing = {"content-type": reply.content_type, "content-length": str(len(body))}
        head = _head(arrival, reply.status, framing | dict(reply.headers))
        entry = self._charge(reply.charge)
        self._write(head + body, entry if reply.reports_usage else None)

    def _write_stream(self, arrival: Arrival, reply: Streamed) -> None:
        """Write the events one by one, as long as the client is there to read them."""
        answer = arrival.answer
        entry = self._charge(reply.charge)
        self.wfile.write(_head(arrival, 200, _STREAM_HEADERS))
        packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16) if answer.gzip else None
        for number, event in enumerate(reply.events[: answer.cut_after]):
            if not self._stays_for(answer.chunk_delay if number else 0):
                self.close_connection = True
                return
            if event.reports_usage:
                entry = self._charge(reply.settled()) or entry
            data = event.data
            if packer is not None:
                data = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
            self._write(_chunk(data), entry if event.reports_usage else None)
        if answer.cut_after is not None:
            if answer.reset:
                self.server.abort(self.connection)
            self.close_connection = True
            return
        self._charge(reply.settled())
        rest = _chunk(packer.flush()) if packer is not None else b""
        self.wfile.write(rest + b"0\r\n\r\n")

    def _charge(self, call: BilledCall | None) -> BillEntry | None:
        return None if call is None else self.server.backend.bill.charge(call)

    def _write(self, data: bytes, reported: BillEntry | None) -> None:
        """Write bytes; an entry that they report is marked first, as the client may look at once."""
        if reported is not None:
            reported.set_reported(reported=True)
        try:
            self.wfile.write(data)
        except OSError:
            if reported is not None:
                reported.set_reported(reported=False)
            raise

    def _stays_for(self, seconds: float) -> bool:
        """Wait; `False` as soon as the client hangs up or the server stops."""
        if seconds <= 0:
            return not self._client_left()
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                if selector.select(left):
                    if self._client_left():
                        return False
                    time.sleep(min(left, _BUSY_SECONDS))
        return True

    def _client_left(self) -> bool:
        """Whether the peer closed its side; looks without waiting and without reading."""
        self.connection.settimeout(0)
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self.connection.settimeout(None)


def _head(arrival: Arrival, status: int, framing: Mapping[str, str]) -> bytes:
    answer = arrival.answer
    headers = {**_USUAL_HEADERS, "x-request-id": f"req_{arrival.request.index:012d}", **framing}
    if answer.gzip:
        headers["content-encoding"] = "gzip"
    if answer.retry_after is not None:
        headers["retry-after-ms"] = f"{answer.retry_after * 1000:g}"
        headers["retry-after"] = f"{answer.retry_after:g}"
    headers |= {name.lower(): value for name, value in answer.headers.items()}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}", *lines, "", ""]).encode(
        "latin-1"
    )


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
