"""The TCP side of the fake API: one thread per connection, and an end that leaves nothing behind."""

import os
import socket
import socketserver
import struct
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

from dagster_openai_otel.testing.backend import Backend

_JOIN_SECONDS = 10.0
_LINGER_NOT = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Listener(ThreadingHTTPServer):
    """Accepts connections on a free port of the loopback interface."""

    daemon_threads = True
    request_queue_size = 4096

    def __init__(self, backend: Backend, handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        self.backend = backend
        self._stopping = Event()
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._aborted: set[socket.socket] = set()
        self._workers: list[Thread] = []
        super().__init__(("127.0.0.1", 0), handler)
        self._acceptor = Thread(target=self._accept, name="fake-openai-acceptor", daemon=True)
        self._acceptor.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Bind without the look-up of the host's name that the base class makes."""
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override] # TCP
        """Serve a connection in a thread of its own."""
        thread = Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="fake-openai-connection",
            daemon=True,
        )
        with self._lock:
            self._open.add(request)
            self._workers = [known for known in self._workers if known.is_alive()]
            self._workers.append(thread)
            thread.start()

    def abort(self, request: socket.socket) -> None:
        """Have a connection end with RST in place of an orderly close."""
        request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        with self._lock:
            self._aborted.add(request)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override] # TCP
        """Close a connection whose thread is done with it."""
        with self._lock:
            self._open.discard(request)
            aborted = request in self._aborted
            self._aborted.discard(request)
        if aborted:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def stop(self) -> None:
        """Close the port and every connection, and wait for their threads to end."""
        self._stopping.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=_JOIN_SECONDS).close()
        self._acceptor.join(_JOIN_SECONDS)
        self.server_close()
        with self._lock:
            threads = self._workers
            for request in self._open:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(_JOIN_SECONDS)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            self.handle_request()
