"""The sandbox over HTTP: a threading server of the standard library, for the demo, the SDK and the benchmarks."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication, WSGIEnvironment

LINGER_NOT = struct.pack("ii", 1, 0)


def reset(connection: socket.socket | None) -> None:
    """Make the end of a connection a reset: with SO_LINGER at zero, closing sends RST instead of FIN."""
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)


class Handler(WSGIRequestHandler):
    """Gives the application its connection, takes chunked bodies apart, and keeps silent."""

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b"".join(self._chunks())
            del self.headers["Transfer-Encoding"]
            self.headers["Content-Length"] = str(len(body))
            self.rfile = BytesIO(body)
        return True

    def get_environ(self) -> WSGIEnvironment:
        return super().get_environ() | {"sandbox.connection": self.connection}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: a request line may carry a signed link."""

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection; none of them outlives the process."""

    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without asking the resolver for a host name, which may take seconds where there is no network."""
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]
        self.setup_environ()

    def shutdown_request(self, request: Any) -> None:
        """Skip the polite half-close where a reset is wanted."""
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(LINGER_NOT)) == LINGER_NOT:
            self.close_request(request)
        else:
            super().shutdown_request(request)


def serve(application: WSGIApplication, port: int) -> Server:
    """Return a server bound to the port on loopback (0 takes a free one); a busy port raises OSError."""
    server = Server(("127.0.0.1", port), Handler)
    server.set_app(application)
    return server


@contextmanager
def served(application: WSGIApplication, port: int = 0) -> Iterator[str]:
    """Serve in a thread; give the address, such as `127.0.0.1:40213`."""
    server = serve(application, port)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
