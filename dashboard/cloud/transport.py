"""The HTTP connection to the cloud.

This module opens an httpx client, reads answers with a limit on their size, translates the errors
of httpx into CloudError, and removes secrets from the log of httpx.
"""

import logging
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import httpx

from dashboard.cloud.errors import AnswerProblem, CloudError
from dashboard.cloud.network import LimitedTransport, find_proxy
from dashboard.cloud.time_limit import TimeLimit

MAX_ANSWER_BYTES = 8 * 2**20
MAX_ERROR_DOCUMENT_BYTES = 64 * 2**10
MAX_STALL_SECONDS = 30.0  # without a single byte
# What httpx says of a server that ends the connection, and not of an answer that is no HTTP.
LOST_CONNECTION = re.compile(r"disconnected|closed connection")


def open_http_client(
    *,
    address: str,
    time_limit: TimeLimit,
    transport: httpx.BaseTransport | None,
    headers: Mapping[str, str],
    auth: httpx.Auth | None = None,
) -> httpx.Client:
    """Return a client for the host of `address`; relative URLs are relative to `address`.

    It follows no redirect and asks for answers that are not compressed. It uses the proxies of the
    environment. `transport` replaces the network in tests. Raise CloudError if `address` is no URL.
    """
    try:
        url = httpx.URL(address)
        return httpx.Client(
            base_url=url.copy_with(query=None),
            auth=auth,
            headers={
                "user-agent": "compliance-ledger",
                "accept-encoding": "identity",
                **headers,
            },
            timeout=MAX_STALL_SECONDS,
            transport=transport
            or LimitedTransport(time_limit, load_trusted_certificates(), find_proxy(url)),
            trust_env=False,
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise to_cloud_error(error) from error


@cache
def load_trusted_certificates() -> ssl.SSLContext:
    """Load the trusted certificates (`SSL_CERT_FILE` is honoured).

    They are loaded once, because loading takes longer than a call to the cloud.
    """
    return httpx.create_ssl_context()


def read_answer(response: httpx.Response, time_limit: TimeLimit) -> bytes:
    """Return the body of an answer; raise CloudError (BadAnswer) if it is longer than allowed."""
    content = b"".join(iterate_chunks(response, time_limit, MAX_ANSWER_BYTES + 1))
    if len(content) > MAX_ANSWER_BYTES:
        raise CloudError(
            "BadAnswer",
            f"an answer of more than {MAX_ANSWER_BYTES} bytes",
            status=response.status_code,
            problem=AnswerProblem.TOO_LONG,
            detail=str(MAX_ANSWER_BYTES),
        )
    return content


def read_error_document(response: httpx.Response, time_limit: TimeLimit) -> bytes:
    """Return the beginning of an error document: at most MAX_ERROR_DOCUMENT_BYTES."""
    content = b"".join(iterate_chunks(response, time_limit, MAX_ERROR_DOCUMENT_BYTES))
    return content[:MAX_ERROR_DOCUMENT_BYTES]


def iterate_chunks(
    response: httpx.Response, time_limit: TimeLimit, max_bytes: int
) -> Iterator[bytes]:
    """Yield the body as it arrives, until `max_bytes` have come; a last chunk may exceed them.

    Raise CloudError (BadAnswer) if the body is compressed, though `identity` was asked for: a few
    bytes could unpack to gigabytes.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise CloudError(
            "BadAnswer",
            f"the answer is encoded with {encoding}",
            status=response.status_code,
            problem=AnswerProblem.ENCODED,
            detail=encoding,
        )
    size = 0
    for chunk in response.iter_raw():
        time_limit.require_time()
        size += len(chunk)
        yield chunk
        if size >= max_bytes:
            return


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
        case UnicodeEncodeError() | httpx.LocalProtocolError():
            # The AccessKey id is sent in a header, which must be printable ASCII.
            return CloudError(
                "InvalidAccessKeyId", "the AccessKey has characters that no AccessKey has"
            )
        case httpx.RemoteProtocolError() if not LOST_CONNECTION.search(str(error)):
            return CloudError(
                "BadAnswer",
                str(error),
                problem=AnswerProblem.NOT_HTTP,
                hide=hide,
                may_pass=True,  # a proxy on the way may have sent this
            )
        case ValueError():
            return CloudError("BadAnswer", str(error), problem=AnswerProblem.NOT_HTTP, hide=hide)
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
