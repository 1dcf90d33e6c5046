"""An HTTP request to the sandbox, read from the WSGI environment."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

NameValuePairs = list[tuple[str, str]]


@dataclass(frozen=True)
class SandboxRequest:
    """A request with decoded query parameters, lower-case header names and the whole body."""

    method: str
    path: str
    query: NameValuePairs
    headers: dict[str, str]
    body: bytes
    base_url: str
    """Scheme and host, as the client wrote them."""
    is_from_loopback: bool
    connection: Any = None
    """The socket, if the request came through our own server; needed to reset it."""

    @cached_property
    def form(self) -> NameValuePairs:
        """The parameters of a form body; empty for a body of any other type."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return []
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def is_signed_by_v3(self) -> bool:
        return self.headers.get("authorization", "").startswith("ACS3-HMAC-SHA256")

    def get_parameter(self, name: str) -> str | None:
        """Return a parameter from the query or the form: V1 clients use either for any of them."""
        return dict(self.form + self.query).get(name)

    @property
    def action(self) -> str | None:
        if self.is_signed_by_v3:
            return self.headers.get("x-acs-action")
        return self.get_parameter("Action")

    @property
    def version(self) -> str | None:
        if self.is_signed_by_v3:
            return self.headers.get("x-acs-version")
        return self.get_parameter("Version")

    @property
    def wants_xml(self) -> bool:
        """Whether to answer in XML instead of JSON.

        The parameter `Format` decides, then the header `Accept`; without both, V1 means XML and V3
        means JSON.
        """
        response_format = self.get_parameter("Format")
        if response_format:
            return response_format.upper() == "XML"
        accept = self.headers.get("accept", "")
        if "json" in accept:
            return False
        return "xml" in accept or not self.is_signed_by_v3


def read_wsgi_request(environ: WSGIEnvironment) -> SandboxRequest:
    """Read a request with its whole body.

    A chunked body of an in-process client has no length; it is read to its end.
    """
    headers = _read_headers(environ)
    length = headers.get("content-length")
    if length is None and "transfer-encoding" not in headers:
        body = b""
    else:
        body = environ["wsgi.input"].read(int(length) if length else -1)
    host = headers.setdefault("host", f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}")
    return SandboxRequest(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO") or "/",
        query=parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True),
        headers=headers,
        body=body,
        base_url=f"{environ['wsgi.url_scheme']}://{host}",
        is_from_loopback=environ.get("REMOTE_ADDR", "127.0.0.1") in ("127.0.0.1", "::1"),
        connection=environ.get("sandbox.connection"),
    )


def _read_headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    return headers
