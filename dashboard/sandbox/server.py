"""An HTTP server for the sandbox, used by the demo, the tests with the SDK and the benchmarks."""

import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit
from wsgiref.types import WSGIApplication, WSGIEnvironment

LINGER_ZERO = struct.pack("ii", 1, 0)
"""The value of the socket option SO_LINGER that makes closing a socket send RST instead of FIN."""
IDLE_SECONDS = 75
MAX_BODY_BYTES = 10 * 2**20
MAX_LINE_BYTES = 8192
MAX_TRAILERS = 100


class MalformedBodyError(Exception):
    """The body of a request does not follow HTTP; what comes after it cannot be read."""


def reset_when_closed(connection: socket.socket | None) -> None:
    """Make the connection end with a reset (RST) when it is closed; do nothing for None."""
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)


class SandboxRequestHandler(BaseHTTPRequestHandler):
    """Serve the requests of one connection, one after the other, with a WSGI application.

    A malformed request is answered with 400 and ends the connection. Nothing is logged.
    """

    protocol_version = "HTTP/1.1"  # keeps the connection for the next request
    server_version, sys_version = "Sandbox", ""
    timeout = IDLE_SECONDS
    server: "SandboxServer"

    def answer_request(self) -> None:
        """Answer one request, which `handle_one_request` has read up to its body."""
        try:
            environ = self._build_environ(self._read_body())
        except (MalformedBodyError, ValueError):  # ValueError: the address cannot be parsed
            self.close_connection = True
            self.send_error(400)
            return
        try:
            self._send_response(environ)
        except ConnectionError:  # the client has gone, or the fault `reset` is on
            self.close_connection = True

    # The names that the standard library looks for.
    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer_request  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing: the first line of a request may contain a signed link."""

    def _send_response(self, environ: WSGIEnvironment) -> None:
        """Call the application and send its response.

        The connection ends after a body that is shorter than the stated length.
        """
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _error: object = None
        ) -> Any:
            started.append((status, headers))

        body = b"".join(self.server.application(environ, start_response))
        [(status, headers)] = started
        code, _, phrase = status.partition(" ")
        stated_length = dict(headers).get("Content-Length", str(len(body)))
        is_head = self.command == "HEAD"
        if not is_head and stated_length != str(len(body)):
            self.close_connection = True
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        self.wfile.write(b"" if is_head else body)

    def _build_environ(self, body: bytes) -> WSGIEnvironment:
        """Return the WSGI environment; `sandbox.connection` is the socket, for the fault `reset`.

        Raise ValueError if the address of the request is malformed.
        """
        target = urlsplit(self.path if self.path.startswith("http://") else f"http://h{self.path}")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(target.path, "iso-8859-1") or "/",
            "QUERY_STRING": target.query,
            "SERVER_NAME": self.server.server_name,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": str(self.client_address[0]),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "sandbox.connection": self.connection,
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value.strip()
        environ["CONTENT_TYPE"] = self.headers.get("Content-Type", "")
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_CONTENT_LENGTH", None)
        environ.pop("HTTP_CONTENT_TYPE", None)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return environ

    def _read_body(self) -> bytes:
        """Read the whole body; raise MalformedBodyError if its length is missing or wrong."""
        lengths = self.headers.get_all("Content-Length", [])
        encodings = self.headers.get_all("Transfer-Encoding", [])
        if encodings:
            if lengths or [encoding.strip().lower() for encoding in encodings] != ["chunked"]:
                raise MalformedBodyError
            return b"".join(self._read_chunks())
        if not lengths:
            return b""
        if len(set(lengths)) > 1 or not re.fullmatch(r"[0-9]{1,9}", lengths[0].strip()):
            raise MalformedBodyError
        return self._read_bytes(int(lengths[0]))

    def _read_bytes(self, count: int) -> bytes:
        if count > MAX_BODY_BYTES:
            raise MalformedBodyError
        content = self.rfile.read(count)
        if len(content) < count:
            raise MalformedBodyError
        return content

    def _read_chunks(self) -> Iterator[bytes]:
        """Yield the chunks of a body.

        Before each chunk is a line with its size in hex digits, after it an empty line. A chunk of
        size 0 ends the body; lines with further headers may follow.
        """
        total = 0
        while size := self._read_chunk_size():
            total += size
            if total > MAX_BODY_BYTES:
                raise MalformedBodyError
            yield self._read_bytes(size)
            if self.rfile.readline(3) not in {b"\r\n", b"\n"}:
                raise MalformedBodyError
        for _ in range(MAX_TRAILERS):
            if not self.rfile.readline(MAX_LINE_BYTES).strip():
                return
        raise MalformedBodyError

    def _read_chunk_size(self) -> int:
        line = self.rfile.readline(MAX_LINE_BYTES)
        digits = re.match(rb"([0-9a-fA-F]{1,8})\s*(;.*)?\r?\n\Z", line, re.DOTALL)
        if digits is None:
            raise MalformedBodyError
        return int(digits[1], 16)


class SandboxServer(ThreadingHTTPServer):
    """A server with a thread for each connection; closing it ends the connections too."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], application: WSGIApplication) -> None:
        self.application = application
        self._connections: set[socket.socket] = set()
        super().__init__(address, SandboxRequestHandler)

    def server_bind(self) -> None:
        """Bind to the port without the look-up of the host name, which may take seconds."""
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection.

        The usual shutdown would send FIN, so leave it out if the connection must end with a reset.
        """
        self._connections.discard(request)
        linger = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(LINGER_ZERO))
        if linger == LINGER_ZERO:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening, and end the connections that wait for another request."""
        super().server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def create_server(application: WSGIApplication, port: int) -> SandboxServer:
    """Return a server on a port of 127.0.0.1; port 0 chooses a free port.

    Raise OSError if the port is in use.
    """
    return SandboxServer(("127.0.0.1", port), application)


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
