"""Downloads: the file behind a signed link, and all that can go wrong on its way."""

import hashlib
from random import Random

from dashboard.sandbox import answers, files
from dashboard.sandbox.answers import Answer
from dashboard.sandbox.calls import DOWNLOAD
from dashboard.sandbox.faults import Faults
from dashboard.sandbox.reports import Links, Reports
from dashboard.sandbox.request import Request

HTML_PAGE = b"""<!DOCTYPE html>
<html><head><title>Service temporarily unavailable</title></head>
<body><h1>Service temporarily unavailable</h1><p>Please try again later.</p></body></html>
"""


def fetch(request: Request, reports: Reports, links: Links, faults: Faults) -> Answer:
    """Answer a request for a file as OSS does: expiry first, then the signature, then whether it is there."""
    parameters = dict(request.query)
    if request.method != "GET":
        return answers.oss_error(
            405, "MethodNotAllowed", "The specified method is not allowed.", request.host
        )
    if not links.is_signed(request.path, parameters):
        message = "The request signature we calculated does not match the signature you provided."
        return answers.oss_error(403, "SignatureDoesNotMatch", message, request.host)
    if links.has_expired(parameters):
        expires = float(parameters["Expires"])
        return answers.oss_error(403, "AccessDenied", "Request has expired.", request.host, expires)
    report = reports.at(request.path)
    if report is None:
        return answers.oss_error(
            404, "NoSuchKey", "The specified key does not exist.", request.host
        )
    return _file(report.content(), report.state.plan.id, faults)


def _file(content: bytes, pack: str, faults: Faults) -> Answer:
    if faults.hit("html-page", DOWNLOAD, pack):
        return Answer(200, "text/html; charset=utf-8", HTML_PAGE)
    if faults.hit("encrypted", DOWNLOAD, pack):
        content = files.encrypted()
    if faults.hit("corrupt", DOWNLOAD, pack):
        content = content[:512] + Random(len(content)).randbytes(len(content) - 512)
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest().upper()
    answer = Answer(
        200, "application/vnd.ms-excel", content, {"ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
    )
    if faults.hit("cut-off", DOWNLOAD, pack):
        answer.length, answer.body = len(content), content[: len(content) // 2]
    return answer
