"""The HTTP connection to the cloud.

This module opens an httpx client, translates the errors of httpx into CloudError, and removes
secrets from the log of httpx.
"""

import logging
import ssl
from collections.abc import Mapping, Sequence
from functools import cache

import httpx

from dashboard.cloud.errors import CloudError

# Requests to this machine (the sandbox) bypass the proxies that the environment may name.
NO_PROXY_MOUNTS: Mapping[str, None] = {
    "all://127.0.0.1": None,
    "all://localhost": None,
    "all://[::1]": None,
}


def open_http_client(
    *,
    transport: httpx.BaseTransport | None,
    timeout: float,
    headers: Mapping[str, str],
    base_url: str = "",
    auth: httpx.Auth | None = None,
) -> httpx.Client:
    """Return a client that follows no redirect and uses the proxies of the environment.

    `timeout` is the limit in seconds for each connect, each send and each receive. `transport`
    replaces the network in tests. Raise CloudError if `base_url` is no URL.
    """
    try:
        return httpx.Client(
            base_url=base_url,
            auth=auth,
            headers={"user-agent": "compliance-ledger", **headers},
            timeout=timeout,
            transport=transport,
            mounts=NO_PROXY_MOUNTS,
            verify=load_trusted_certificates(),
        )
    except httpx.InvalidURL as error:
        raise to_cloud_error(error) from error


@cache
def load_trusted_certificates() -> ssl.SSLContext:
    """Load the trusted certificates (`SSL_CERT_FILE` is honoured).

    They are loaded once, because loading takes longer than a call to the cloud.
    """
    return httpx.create_ssl_context()


def to_cloud_error(error: Exception, hide: Sequence[str] = ()) -> CloudError:
    """Return the CloudError for an error of httpx or of a socket.

    The texts in `hide` are removed from its message.
    """
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


def remove_queries_from_log(record: logging.LogRecord) -> bool:
    """Remove the query from each URL in a log record: the query of a signed link is a secret.

    Always return True, which tells `logging` to keep the record.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(
            argument.copy_with(query=None) if isinstance(argument, httpx.URL) else argument
            for argument in record.args
        )
    return True


# A filter works at every log level, so no setting can make httpx log a secret.
logging.getLogger("httpx").addFilter(remove_queries_from_log)
