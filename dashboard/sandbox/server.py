"""An HTTP server for the sandbox, used by the demo, the tests with the SDK and the benchmarks."""

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

LINGER_ZERO = struct.pack("ii", 1, 0)
"""The value of the socket option SO_LINGER that makes closing a socket send RST instead of FIN."""


def reset_when_closed(connection: socket.socket | None) -> None:
    """Make the connection end with a reset (RST) when it is closed; do nothing for None."""
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)


class SandboxRequestHandler(WSGIRequestHandler):
    """Decode chunked bodies, give the connection to the application, and log nothing."""

    def parse_request(self) -> bool:
        """Parse the request; return False if it is invalid.

        wsgiref cannot read a chunked body, so replace it by a plain body with a length.
        """
        if not super().parse_request():
            return False
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b"".join(self._read_chunks())
            del self.headers["Transfer-Encoding"]
            self.headers["Content-Length"] = str(len(body))
            self.rfile = BytesIO(body)
        return True

    def get_environ(self) -> WSGIEnvironment:
        """Add the connection, which the fault `reset` needs."""
        return super().get_environ() | {"sandbox.connection": self.connection}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing: the first line of a request may contain a signed link."""

    def _read_chunks(self) -> Iterator[bytes]:
        """Yield the chunks of a body.

        Before each chunk is a line with its size in hex digits, after it an empty line. A chunk of
        size 0 ends the body.
        """
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # Skip the trailing headers up to the empty line.


class SandboxServer(ThreadingMixIn, WSGIServer):
    """A server with a thread for each connection; an open connection does not keep it running."""

    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind to the port without the look-up of the host name, which may take seconds."""
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]
        self.setup_environ()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection.

        The usual shutdown would send FIN, so leave it out if the connection must end with a reset.
        """
        linger = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(LINGER_ZERO))
        if linger == LINGER_ZERO:
            self.close_request(request)
        else:
            super().shutdown_request(request)


def create_server(application: WSGIApplication, port: int) -> SandboxServer:
    """Return a server on a port of 127.0.0.1; port 0 chooses a free port.

    Raise OSError if the port is in use.
    """
    server = SandboxServer(("127.0.0.1", port), SandboxRequestHandler)
    server.set_app(application)
    return server


@contextmanager
def run_server_in_thread(application: WSGIApplication, port: int = 0) -> Iterator[str]:
    """Serve the application in a thread; yield its address, such as `127.0.0.1:40213`."""
    server = create_server(application, port)
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
