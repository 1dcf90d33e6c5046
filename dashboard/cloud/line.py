"""The line to the cloud: how it is opened, what its faults mean, and what of it may be logged."""

import logging
import ssl
from collections.abc import Mapping, Sequence
from functools import cache

import httpx

from dashboard.cloud.errors import CloudError

# Proxies of the environment are honoured, but no proxy reaches what runs on this machine.
DIRECT: Mapping[str, None] = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}


def open_line(
    *,
    transport: httpx.BaseTransport | None,
    timeout: float,
    headers: Mapping[str, str],
    base_url: str = "",
    auth: httpx.Auth | None = None,
) -> httpx.Client:
    """Return a client that follows no redirect and gives each connect, send and receive `timeout` seconds."""
    try:
        return httpx.Client(
            base_url=base_url,
            auth=auth,
            headers={"user-agent": "compliance-ledger", **headers},
            timeout=timeout,
            transport=transport,
            mounts=DIRECT,
            verify=certificates(),
        )
    except httpx.InvalidURL as error:
        raise fault(error) from error


@cache
def certificates() -> ssl.SSLContext:
    """Return whom we trust (`SSL_CERT_FILE` counts), read once: reading takes longer than a call to the cloud."""
    return httpx.create_ssl_context()


def fault(error: Exception, hide: Sequence[str] = ()) -> CloudError:
    """Name a fault of the line by what it means: never connected, too slow, unreadable, or broken off."""
    match error:
        case httpx.TimeoutException():
            return CloudError("TimedOut", type(error).__name__, hide=hide)
        case (
            httpx.ConnectError()
            | httpx.ProxyError()
            | httpx.UnsupportedProtocol()
            | httpx.InvalidURL()
        ):
            return CloudError("ConnectionFailed", str(error), hide=hide)
        case httpx.DecodingError():
            return CloudError("BadAnswer", str(error), hide=hide)
    return CloudError("CutOff", str(error) or type(error).__name__, hide=hide)


def without_query(record: logging.LogRecord) -> bool:
    """Cut the query off every address that httpx logs: in the query of a signed link stands its signature."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            argument.copy_with(query=None) if isinstance(argument, httpx.URL) else argument
            for argument in record.args
        )
    return True


# A filter and not a level: the settings of whoever wants to see the requests do not undo it.
logging.getLogger("httpx").addFilter(without_query)
