"""Fetches the file behind a signed link: unsigned, streamed, hashed, within limits, never naming the link."""

import hashlib
import re
import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote

import httpx

from dashboard.cloud.errors import Advice, CloudError, from_xml
from dashboard.cloud.line import fault, open_line

MAX_FILE_NAME = 200
MAX_ERROR_DOCUMENT = 64 * 1024


@dataclass(frozen=True)
class Downloaded:
    """What has arrived: hex SHA-256, size in bytes, and the file's own name."""

    sha256: str
    size: int
    file_name: str


def download(
    url: str,
    target: BinaryIO,
    *,
    allowed_hosts: Iterable[str],
    max_bytes: int,
    timeout: float,
    transport: httpx.BaseTransport | None = None,
    progress: Callable[[int], None] | None = None,
) -> Downloaded:
    """Write the file behind `url` to `target`, within `timeout` seconds in all, and tell `progress` the bytes so far.

    `allowed_hosts` has suffixes (`.aliyuncs.com`: any host below it, https alone, usual port) and exact hosts
    (`127.0.0.1:9999`, http as well; without a port: any port). Whatever comes with status 200 is passed on: the reader
    judges it. Raises CloudError: ForbiddenHost, LinkExpired, TooLarge, CutOff, TimedOut, ConnectionFailed, BadAnswer,
    or the code of OSS. What `target` raises goes through. After an error `target` holds an unusable part of the file.
    """
    address = permitted(url, allowed_hosts)
    deadline = time.monotonic() + timeout
    try:
        with (
            open_line(
                transport=transport,
                timeout=min(timeout, 30.0),
                headers={"accept-encoding": "identity"},
            ) as client,
            client.stream("GET", address) as response,
        ):
            if response.status_code != 200:
                raise refusal(response)
            return receive(response, target, max_bytes, deadline, progress)
    except (httpx.HTTPError, ConnectionError) as error:
        # Neither the message nor the chain may lead to the link.
        raise fault(error, hide=[url, address.query.decode()]) from None


def permitted(url: str, allowed_hosts: Iterable[str]) -> httpx.URL:
    """Parse a link and make sure that it leads where files may come from; ForbiddenHost if not."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        raise CloudError("BadAnswer", "the link is no address") from None
    host, netloc = address.raw_host.decode(), address.netloc.decode()
    for pattern in allowed_hosts:
        if pattern.startswith("."):
            below = re.fullmatch(r"[a-z0-9.-]+" + re.escape(pattern), host) is not None
            allowed = below and address.scheme == "https" and address.port is None
        else:
            allowed = pattern in {host, netloc} and address.scheme in {"http", "https"}
        if allowed and not address.userinfo:
            return address
    raise CloudError("ForbiddenHost", f"files may not come from {address.scheme}://{netloc}")


def receive(
    response: httpx.Response,
    target: BinaryIO,
    max_bytes: int,
    deadline: float,
    progress: Callable[[int], None] | None,
) -> Downloaded:
    """Copy the body to `target`, hashing it, until it ends or a limit is reached."""
    length = response.headers.get("content-length", "")
    announced = int(length) if length.isdecimal() else None
    if announced is not None and announced > max_bytes:
        raise CloudError(
            "TooLarge", f"{announced} bytes announced, {max_bytes} allowed", status=200
        )
    digest, size = hashlib.sha256(), 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > max_bytes:
            raise CloudError("TooLarge", f"more than the {max_bytes} bytes allowed", status=200)
        if time.monotonic() > deadline:
            raise CloudError("TimedOut", f"{size} bytes came before the time was up", status=200)
        digest.update(chunk)
        target.write(chunk)
        if progress:
            progress(size)
    if announced not in {None, response.num_bytes_downloaded}:
        raise CloudError(
            "CutOff", f"{response.num_bytes_downloaded} of {announced} bytes came", status=200
        )
    return Downloaded(digest.hexdigest(), size, file_name(response))


def refusal(response: httpx.Response) -> CloudError:
    """Turn an answer other than 200 into its cause; a redirect is one, for it could lead anywhere."""
    document = b""
    for chunk in response.iter_bytes():
        document += chunk
        if len(document) > MAX_ERROR_DOCUMENT:
            break
    status = response.status_code
    error = from_xml(document, status=status, hide=[str(response.url)])
    if error is None:
        return CloudError("BadAnswer", f"the file's server answered {status}", status=status)
    # https://www.alibabacloud.com/help/en/oss/support/0002-00000069; the second if the link was signed by an STS token
    if "request has expired" in error.message.lower() or error.code == "SecurityTokenExpired":
        return CloudError("LinkExpired", error.message, status=status, request_id=error.request_id)
    if error.advice_key in {Advice.ACCESS_KEY, Advice.SECRET}:
        # It speaks of the key that signed the link, which is the cloud's own and not the account's.
        return CloudError(
            f"OSS.{error.code}", error.message, status=status, request_id=error.request_id
        )
    return error


def file_name(response: httpx.Response) -> str:
    """Return the name the server gives the file, else the last part of its path; at most 200 characters."""
    header = Message()
    header["content-disposition"] = response.headers.get("content-disposition", "")
    name = header.get_filename() or unquote(response.url.raw_path.decode().partition("?")[0])
    name = re.split(r"[/\\]", name)[-1]
    # Whatever does not print goes: control characters, and marks that turn the direction of writing.
    name = "".join(
        character for character in name if not unicodedata.category(character).startswith("C")
    ).strip()
    if name in {"", ".", ".."}:
        return "report"
    suffix = PurePosixPath(name).suffix[:10]
    return name if len(name) <= MAX_FILE_NAME else name[: MAX_FILE_NAME - len(suffix)] + suffix
