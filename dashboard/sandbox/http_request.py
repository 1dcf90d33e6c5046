"""Read an HTTP request to the sandbox from the WSGI environment."""

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
    """Whether the client runs on this machine."""
    connection: Any = None
    """The socket, if SandboxServer received the request; the fault `reset` needs it."""

    @cached_property
    def form(self) -> NameValuePairs:
        """The parameters of a form in the body; empty if the body is not a form."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return []
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query and of the form; the query decides if both have one.

        The SDK sends a POST with parameters in the query, older clients (pop-core) send a form.
        """
        return dict(self.form + self.query)

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def is_signed_by_v3(self) -> bool:
        return self.headers.get("authorization", "").startswith("ACS3-HMAC-SHA256")

    def get_parameter(self, name: str) -> str | None:
        """Return a parameter from the query or the form; None if neither has it."""
        return self.parameters.get(name)

    @property
    def action(self) -> str | None:
        """The name of the operation that the client calls."""
        if self.is_signed_by_v3:
            return self.headers.get("x-acs-action")
        return self.get_parameter("Action")

    @property
    def version(self) -> str | None:
        """The version of the API that the client expects, such as 2020-09-07."""
        if self.is_signed_by_v3:
            return self.headers.get("x-acs-version")
        return self.get_parameter("Version")

    @property
    def wants_xml(self) -> bool:
        """Whether to answer in XML instead of JSON.

        The parameter `Format` decides, or else the header `Accept`; without both, the answer to a
        V1 request is XML, and to a V3 request JSON.
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

    A test client in the same process may send a chunked body, which has no length: read it to its
    end. Raise ValueError if the stated length is no number.
    """
    headers = _read_headers(environ)
    length = headers.get("content-length")
    if length is None and "transfer-encoding" not in headers:
        body = b""
    else:
        body = environ["wsgi.input"].read(int(length) if length else -1)  # -1: to the end
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
    """Return the headers with lower-case names; WSGI has `HTTP_X_ACS_DATE` for `x-acs-date`."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    return headers
