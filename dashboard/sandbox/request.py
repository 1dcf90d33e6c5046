"""A request as the gateway sees it, taken from the WSGI environment."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Request:
    """Method, path, decoded parameters, lower-case headers and the body's bytes."""

    method: str
    path: str
    query: Pairs
    headers: dict[str, str]
    body: bytes
    base: str
    """Scheme and host, as the client wrote them."""
    from_loopback: bool
    connection: Any = None
    """The socket, where our own server has one to reset."""

    @cached_property
    def form(self) -> Pairs:
        """Parameters of a form body; a body of any other type has none."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return []
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def signed_by_v3(self) -> bool:
        return self.headers.get("authorization", "").startswith("ACS3-HMAC-SHA256")

    def parameter(self, name: str) -> str | None:
        """Return a common parameter, which V1 clients put into the query or into the body."""
        return dict(self.form + self.query).get(name)

    @property
    def action(self) -> str | None:
        return self.headers.get("x-acs-action") if self.signed_by_v3 else self.parameter("Action")

    @property
    def version(self) -> str | None:
        return self.headers.get("x-acs-version") if self.signed_by_v3 else self.parameter("Version")

    @property
    def wants_xml(self) -> bool:
        """JSON or XML: `Format` decides, then `Accept`, then the habit of the version (V1 answers XML by default)."""
        stated = self.parameter("Format")
        if stated:
            return stated.upper() == "XML"
        accept = self.headers.get("accept", "")
        if "json" in accept:
            return False
        return "xml" in accept or not self.signed_by_v3


def read(environ: WSGIEnvironment) -> Request:
    """Read the request whole; a body without a length is read to its end (in-process clients send such)."""
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    length = headers.get("content-length")
    if length is None and "transfer-encoding" not in headers:
        body = b""
    else:
        body = environ["wsgi.input"].read(int(length) if length else -1)
    host = headers.setdefault("host", f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}")
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO") or "/",
        query=parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True),
        headers=headers,
        body=body,
        base=f"{environ['wsgi.url_scheme']}://{host}",
        from_loopback=environ.get("REMOTE_ADDR", "127.0.0.1") in ("127.0.0.1", "::1"),
        connection=environ.get("sandbox.connection"),
    )
