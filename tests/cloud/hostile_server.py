"""A server on 127.0.0.1 that answers each connection with raw bytes, however wrong they are."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[], Iterable[bytes]]


class HostileServer:
    """Answer each connection with the next of the answers; repeat the last one."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closed = threading.Event()
        self.requests: list[bytes] = []
        self.sent_bytes = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._closed.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                threading.Thread(target=self._serve, args=(connection, answer), daemon=True).start()

    def _serve(self, connection: socket.socket, answer: Answer) -> None:
        with connection, suppress(OSError):
            self.requests.append(connection.recv(65536))
            for part in answer():
                if self._closed.is_set():
                    return
                connection.sendall(part)
                self.sent_bytes += len(part)


@contextmanager
def serve(*answers: Answer) -> Iterator[HostileServer]:
    server = HostileServer(*answers)
    try:
        yield server
    finally:
        server.close()


def send_whole(content: bytes, status: str = "200 OK", *headers: str) -> Answer:
    """Answer with a correct head and the content."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", ""]
    return lambda: ["\r\n".join(lines).encode() + content]


def send_slowly(head: bytes, drip: bytes, seconds: float = 0.05) -> Answer:
    """Send `head` at once, then `drip` again and again, without an end."""

    def answer() -> Iterator[bytes]:
        yield head
        while True:
            time.sleep(seconds)
            yield drip

    return answer


def send_without_end(head: bytes, block: bytes) -> Answer:
    """Send `head`, then `block` as fast as the client takes it, without an end."""

    def answer() -> Iterator[bytes]:
        yield head
        while True:
            yield block

    return answer
