"""The download of a report file, with limits on its size, its time and its host.

The cloud gives a signed link: a URL with which anybody can download the file for about an hour.
Such a link is a secret, so no error and no log shows it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote

import httpx

from dashboard.cloud.endpoints import is_host
from dashboard.cloud.errors import Advice, AnswerProblem, CloudError, parse_xml_error
from dashboard.cloud.time_limit import TimeLimit, never_stop
from dashboard.cloud.transport import (
    iterate_chunks,
    open_http_client,
    read_error_document,
    to_cloud_error,
)

MAX_FILE_NAME = 200  # characters
MAX_FILE_NAME_SUFFIX = 10  # characters
MAX_DIGITS = 18  # of a length
# What the server states of a file, under the names in Report.provenance.
EVIDENCE_HEADERS = {
    "etag": "etag",
    "content_md5": "content-md5",
    "crc64": "x-oss-hash-crc64ecma",
    "last_modified": "last-modified",
    "length": "content-length",
}
MAX_EVIDENCE_TEXT = 500  # characters


@dataclass(frozen=True)
class DownloadedFile:
    """The SHA-256 (hex), the size in bytes and the original name of a downloaded file.

    `evidence` is where it came from (`host`, `path`) and what the server stated of it.
    """

    sha256: str
    size: int
    file_name: str
    evidence: Mapping[str, str] = field(default_factory=dict, compare=False)


def download_file(
    url: str,
    target: BinaryIO,
    *,
    allowed_hosts: Iterable[str],
    max_bytes: int,
    timeout: float,
    answer_timeout: float = 20.0,
    transport: httpx.BaseTransport | None = None,
    on_progress: Callable[[int], None] | None = None,
    is_stopped: Callable[[], bool] = never_stop,
) -> DownloadedFile:
    """Download the file at `url` into `target`; the whole download may take `timeout` seconds.

    The head of the answer, and an error document, must be there within `answer_timeout` seconds.
    The download also ends soon after `is_stopped` returns true.
    `allowed_hosts` holds suffixes and exact hosts. The suffix `.aliyuncs.com` allows all its
    subdomains, only with https and the default port. The exact host `127.0.0.1:9999` allows http as
    well; an exact host without a port allows any port.
    `on_progress` is called with the number of bytes received so far.
    Any body with status 200 is written, even an error page: the workbook reader finds out later
    whether it is a report.

    Raise CloudError: ForbiddenHost, LinkExpired, TooLarge, CutOff, TimedOut, ConnectionFailed,
    BadAnswer, or the code of OSS. Errors of `target` are not caught. After an error `target` may
    hold a part of the file, which must not be used.
    """
    address = parse_allowed_url(url, allowed_hosts)
    time_limit = TimeLimit(is_stopped)
    time_limit.start_call(timeout)
    time_limit.start_attempt(answer_timeout)
    try:
        with (
            open_http_client(
                address=url, time_limit=time_limit, transport=transport, headers={}
            ) as client,
            client.stream("GET", address) as response,
        ):
            if response.status_code != 200:
                document = read_error_document(response, time_limit)
                raise parse_download_error(response, document)
            time_limit.start_attempt(timeout)
            chunks = iterate_chunks(response, time_limit, max_bytes + 1)
            return copy_body(response, chunks, target, max_bytes, on_progress)
    except (httpx.HTTPError, httpx.StreamError, ConnectionError, ValueError) as error:
        # `from None`: the original error could show the link in a traceback.
        raise to_cloud_error(error, hide=[url, address.query.decode()]) from None


def parse_allowed_url(url: str, allowed_hosts: Iterable[str]) -> httpx.URL:
    """Parse a link; raise CloudError (ForbiddenHost) if its host is not allowed."""
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):  # ValueError: a name that cannot be encoded
        address = httpx.URL()
    host = address.raw_host.decode()
    if not is_host(address.host if ":" in address.host else host):
        raise CloudError("BadAnswer", "the link is no address", problem=AnswerProblem.BAD_LINK)
    netloc = address.netloc.decode()  # the host with its port, if the URL has one
    for pattern in allowed_hosts:
        if pattern.startswith("."):
            is_subdomain = re.fullmatch(r"[a-z0-9.-]+" + re.escape(pattern), host) is not None
            is_allowed = is_subdomain and address.scheme == "https" and address.port is None
        else:
            is_allowed = pattern in {host, netloc} and address.scheme in {"http", "https"}
        if is_allowed and not address.userinfo:
            return address
    raise CloudError("ForbiddenHost", f"files may not come from {address.scheme}://{netloc}")


def copy_body(
    response: httpx.Response,
    chunks: Iterable[bytes],
    target: BinaryIO,
    max_bytes: int,
    on_progress: Callable[[int], None] | None,
) -> DownloadedFile:
    """Copy the chunks of the body to `target`; return its hash, its size and its name.

    Raise CloudError if the body is larger than `max_bytes`, or shorter than announced.
    """
    content_length = response.headers.get("content-length", "")
    is_number = content_length.isdecimal() and len(content_length) <= MAX_DIGITS
    expected_size = int(content_length) if is_number else None
    if expected_size is not None and expected_size > max_bytes:
        raise CloudError(
            "TooLarge", f"{expected_size} bytes announced, {max_bytes} allowed", status=200
        )
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise CloudError("TooLarge", f"more than the {max_bytes} bytes allowed", status=200)
        digest.update(chunk)
        target.write(chunk)
        if on_progress:
            on_progress(size)
    if expected_size is not None and size != expected_size:
        raise CloudError("CutOff", f"{size} of {expected_size} bytes came", status=200)
    return DownloadedFile(
        digest.hexdigest(), size, choose_file_name(response), collect_evidence(response)
    )


def collect_evidence(response: httpx.Response) -> dict[str, str]:
    """Return host and path of a download and what the server stated of the file.

    The query of the link is left out: it holds the signature.
    """
    evidence = {
        "host": response.url.netloc.decode(),
        "path": response.url.raw_path.decode().partition("?")[0],
    }
    for name, header in EVIDENCE_HEADERS.items():
        if value := response.headers.get(header):
            evidence[name] = value
    return {name: value[:MAX_EVIDENCE_TEXT] for name, value in evidence.items()}


def parse_download_error(response: httpx.Response, document: bytes) -> CloudError:
    """Return the error for a response whose status is not 200.

    A redirect is an error too, because it could lead to any host. A refusal without a document of
    OSS comes from something on the way, and may pass.
    """
    status = response.status_code
    error = parse_xml_error(document, status=status, hide=[str(response.url)])
    if error is None:
        return CloudError(
            "BadAnswer",
            f"the file's server answered {status}",
            status=status,
            problem=AnswerProblem.HTTP_STATUS,
            detail=str(status),
            may_pass=status >= 400,
        )
    error.may_pass = status >= 500
    # https://www.alibabacloud.com/help/en/oss/support/0002-00000069
    # SecurityTokenExpired is the answer if the link was signed with an STS token.
    if "request has expired" in error.message.lower() or error.code == "SecurityTokenExpired":
        return CloudError("LinkExpired", error.message, status=status, request_id=error.request_id)
    if error.advice in {Advice.ACCESS_KEY, Advice.SECRET}:
        # The cloud signed the link with its own key, so the account's AccessKey is not to blame.
        # The prefix OSS gives the code another advice.
        return CloudError(
            f"OSS.{error.code}", error.message, status=status, request_id=error.request_id
        )
    return error


def choose_file_name(response: httpx.Response) -> str:
    """Return the name that the server states for the file, or else the last part of the URL's path.

    Folders and control characters are removed, and a name of more than MAX_FILE_NAME characters is
    cut before its suffix. If nothing remains, the name is `report`.
    """
    header = Message()
    header["content-disposition"] = response.headers.get("content-disposition", "")
    try:
        stated_name = header.get_filename()
    except ValueError:  # a malformed header
        stated_name = None
    name = stated_name or unquote(response.url.raw_path.decode().partition("?")[0])
    name = re.split(r"[/\\]", name)[-1]
    # Category C: control characters, and marks that change the direction of writing.
    name = "".join(
        character for character in name if not unicodedata.category(character).startswith("C")
    ).strip()
    if name in {"", ".", ".."}:
        return "report"
    suffix = PurePosixPath(name).suffix[:MAX_FILE_NAME_SUFFIX]
    return name if len(name) <= MAX_FILE_NAME else name[: MAX_FILE_NAME - len(suffix)] + suffix
