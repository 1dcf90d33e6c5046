"""Answer the download of a report file through a signed link.

Tests can switch on faults (simulated failures) that spoil the file.
"""

import hashlib
import re
import uuid
from base64 import b64encode
from email.utils import format_datetime
from random import Random

from dashboard.sandbox.call_log import DOWNLOAD
from dashboard.sandbox.faults import FOREIGN_UID, Faults
from dashboard.sandbox.http_request import SandboxRequest
from dashboard.sandbox.http_response import SandboxResponse, build_oss_error
from dashboard.sandbox.report_files import build_encrypted_workbook
from dashboard.sandbox.reports import ReportStore
from dashboard.sandbox.signed_links import LinkSigner

HEADER_BYTES = 512  # the size of the header of an .xls file
HTML_PAGE = b"""<!DOCTYPE html>
<html><head><title>Service temporarily unavailable</title></head>
<body><h1>Service temporarily unavailable</h1><p>Please try again later.</p></body></html>
"""


def answer_download(
    request: SandboxRequest, reports: ReportStore, links: LinkSigner, faults: Faults
) -> SandboxResponse:
    """Return the report file, a part of it, or an error document of OSS.

    Check first the link (see LinkSigner.find_error), then whether the file exists. A link is signed
    for GET and works for HEAD too.
    """
    if request.method not in {"GET", "HEAD"}:
        return build_oss_error(
            405, "MethodNotAllowed", "The specified method is not allowed.", request.host
        )
    parameters = dict(request.query)
    error = links.find_error(request.path, parameters)
    if error is not None:
        code, message = error
        has_expired = message.endswith("expired.")
        expires = float(parameters["Expires"]) if has_expired else None
        return build_oss_error(403, code, message, request.host, expires)
    report = reports.find_by_path(request.path)
    pack_id = report.state.pack.id if report else None
    if faults.trigger("refused-link", DOWNLOAD, pack_id):
        return SandboxResponse(403, "text/html; charset=utf-8", HTML_PAGE)
    if report is None:
        return build_oss_error(404, "NoSuchKey", "The specified key does not exist.", request.host)
    content, pack = report.get_content(), report.state.pack
    if faults.trigger("foreign-rows", DOWNLOAD, pack.id):
        content = content.replace(pack.uid.encode(), FOREIGN_UID.encode())
    response = _build_file_response(content, pack.id, faults)
    response.headers |= {
        "Last-Modified": format_datetime(report.created_at, usegmt=True),
        "x-oss-object-type": "Normal",
        "x-oss-request-id": uuid.uuid4().hex[:24].upper(),
        "x-oss-storage-class": "Standard",
    }
    return select_range(request, response)


def select_range(request: SandboxRequest, response: SandboxResponse) -> SandboxResponse:
    """Return the bytes that the header Range asks for; the whole file if the range is not valid.

    With the header `x-oss-range-behavior: standard` a range beyond the end is an error.
    https://www.alibabacloud.com/help/en/oss/developer-reference/getobject
    """
    match = re.fullmatch(r"bytes=([0-9]{0,12})-([0-9]{0,12})", request.headers.get("range", ""))
    size = len(response.body)
    if response.status != 200 or response.stated_length is not None or not match or not size:
        return response
    first, last = match[1], match[2]
    if first:
        start, end = int(first), min(int(last or size - 1), size - 1)
    else:
        start, end = max(size - int(last or 0), 0), size - 1
    if start > end:
        if request.headers.get("x-oss-range-behavior") == "standard" and start >= size:
            message = "The requested range cannot be satisfied."
            return build_oss_error(416, "InvalidRange", message, request.host)
        return response
    response.status = 206
    response.headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    response.body = response.body[start : end + 1]
    return response


def _build_file_response(content: bytes, pack_id: str, faults: Faults) -> SandboxResponse:
    """Return the file, changed by the faults that are switched on for this pack."""
    if faults.trigger("html-page", DOWNLOAD, pack_id):
        return SandboxResponse(200, "text/html; charset=utf-8", HTML_PAGE)
    if faults.trigger("encrypted", DOWNLOAD, pack_id):
        content = build_encrypted_workbook()
    if faults.trigger("corrupt", DOWNLOAD, pack_id):
        # Keep the header, so that the file still looks like a workbook.
        random_bytes = Random(len(content)).randbytes(len(content) - HEADER_BYTES)
        content = content[:HEADER_BYTES] + random_bytes
    md5 = hashlib.md5(content, usedforsecurity=False)
    headers = {
        "ETag": f'"{md5.hexdigest().upper()}"',
        "Content-MD5": b64encode(md5.digest()).decode(),
        "Accept-Ranges": "bytes",
    }
    response = SandboxResponse(200, "application/vnd.ms-excel", content, headers)
    if faults.trigger("cut-off", DOWNLOAD, pack_id):
        response.stated_length = len(content)
        response.body = content[: len(content) // 2]
    return response
