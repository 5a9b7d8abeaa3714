"""Collectors that do not do as they should, on the loopback interface."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[socket.socket], None]


def _request(connection: socket.socket) -> None:
    """Read an HTTP request to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += _some(connection)


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError
    return data


def answers(status: str, *headers: str, body: bytes = b"") -> Behaviour:
    """Every request gets an answer."""
    lines = (f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", "")

    def behave(connection: socket.socket) -> None:
        while True:
            _request(connection)
            connection.sendall("\r\n".join(lines).encode() + body)

    return behave


def hangs(connection: socket.socket) -> None:
    """Nothing is ever said."""
    while _some(connection):
        pass


def closes_at_once(connection: socket.socket) -> None:
    """The connection ends before anything is said."""


def closes_mid_answer(connection: socket.socket) -> None:
    """The answer ends before it is whole."""
    _request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nonly this")


def is_no_server(connection: socket.socket) -> None:
    """What is said is not HTTP."""
    connection.sendall(b"220 smtp.example.com ESMTP\r\n")
    hangs(connection)


def drips(connection: socket.socket) -> None:
    """A huge answer comes a few bytes at a time."""
    _request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
    while True:
        connection.sendall(b"x" * 16)
        time.sleep(0.02)


@contextmanager
def behaving(behave: Behaviour, *, connections: int | None = None) -> Iterator[str]:
    """A server that treats each connection in some way; yields its host and port.

    Args:
        behave: What it does with a connection, which is closed then.
        connections: After how many it is gone; `None` for never.
    """
    opened: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while connections is None or len(opened) < connections:
                    connection, _ = server.accept()
                    opened.append(connection)
                    threading.Thread(target=treat, args=(connection,), daemon=True).start()
            server.close()

        def treat(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                behave(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        for connection in opened:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@contextmanager
def never_accepting() -> Iterator[str]:
    """A server whose connections stay in its backlog."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def refusing() -> Iterator[str]:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def unknown() -> Iterator[str]:
    """A name that no server has."""
    yield "collector.invalid:4318"


@contextmanager
def vanishing() -> Iterator[str]:
    """A server that answers once, and is gone."""

    def once(connection: socket.socket) -> None:
        _request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    with behaving(once, connections=1) as address:
        yield address
