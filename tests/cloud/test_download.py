"""The download of a file: traceback_text, within limits, from allowed hosts, with a secret link."""

import hashlib
import io
import logging
import socket
import threading
import traceback
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import pytest

from dashboard.cloud import CloudError
from dashboard.cloud.download import DownloadedFile, download_file
from tests.cloud import Cloud

LINK = (
    "https://bucket.oss-cn-shanghai.aliyuncs.com/reports/1-cp-1-report-202106221046.xls"
    "?Expires=1&Signature=s3cr3t"
)
FILE = b"\xd0\xcf\x11\xe0" * 5000
EXPIRED = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>Request has expired.</Message>
<RequestId>OSS-1</RequestId></Error>"""


def download_from(
    cloud: Cloud,
    url: str = LINK,
    target: io.BytesIO | None = None,
    *,
    allowed_hosts: Iterable[str] = (".aliyuncs.com",),
    max_bytes: int = 1_000_000,
    timeout: float = 60.0,
) -> DownloadedFile:
    return download_file(
        url,
        target or io.BytesIO(),
        allowed_hosts=allowed_hosts,
        max_bytes=max_bytes,
        timeout=timeout,
        transport=cloud.transport,
    )


def download_and_catch(cloud: Cloud, url: str = LINK, **options: object) -> CloudError:
    with pytest.raises(CloudError) as caught:
        download_from(cloud, url, **options)  # type: ignore[arg-type]
    traceback_text = "".join(traceback.format_exception(caught.value))
    assert "s3cr3t" not in traceback_text
    return caught.value


def test_a_file_arrives_byte_for_byte_with_hash_size_and_name() -> None:
    target = io.BytesIO()
    downloaded = download_from(
        Cloud((200, FILE), headers={"Content-Length": str(len(FILE))}), target=target
    )
    assert target.getvalue() == FILE
    assert downloaded == DownloadedFile(
        hashlib.sha256(FILE).hexdigest(), len(FILE), "1-cp-1-report-202106221046.xls"
    )


def test_what_the_server_states_is_kept_without_the_query_of_the_link() -> None:
    headers = {
        "ETag": '"ABC"',
        "Content-MD5": "bWQ1",
        "x-oss-hash-crc64ecma": "123",
        "Last-Modified": "Fri, 20 Nov 2026 01:14:00 GMT",
        "Content-Length": str(len(FILE)),
    }
    assert download_from(Cloud((200, FILE), headers=headers)).evidence == {
        "host": "bucket.oss-cn-shanghai.aliyuncs.com",
        "path": "/reports/1-cp-1-report-202106221046.xls",
        "etag": '"ABC"',
        "content_md5": "bWQ1",
        "crc64": "123",
        "last_modified": "Fri, 20 Nov 2026 01:14:00 GMT",
        "length": str(len(FILE)),
    }


def test_a_download_is_not_signed() -> None:
    cloud = Cloud((200, FILE))
    download_from(cloud)
    [environ] = cloud.requests
    assert "HTTP_AUTHORIZATION" not in environ
    assert not [name for name in environ if name.startswith("HTTP_X_ACS")]


def test_a_page_instead_of_a_file_is_written_for_the_reader_to_judge() -> None:
    target = io.BytesIO()
    download_from(Cloud((200, b"<html>Sign in</html>")), target=target)
    assert target.getvalue() == b"<html>Sign in</html>"


def test_progress_is_reported_in_bytes() -> None:
    sizes: list[int] = []
    download_file(
        LINK,
        io.BytesIO(),
        allowed_hosts=[".aliyuncs.com"],
        max_bytes=1_000_000,
        timeout=60.0,
        transport=Cloud((200, FILE)).transport,
        on_progress=sizes.append,
    )
    assert sizes[-1] == len(FILE)


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.aliyuncs.com.example.com/f.xls?Signature=s3cr3t",
        "https://fakealiyuncs.com/f.xls?Signature=s3cr3t",
        "https://aliyuncs.com/f.xls?Signature=s3cr3t",
        "http://bucket.aliyuncs.com/f.xls?Signature=s3cr3t",
        "https://bucket.aliyuncs.com:8443/f.xls?Signature=s3cr3t",
        "https://user:s3cr3t@bucket.aliyuncs.com/f.xls",
        "https://example.com\\.aliyuncs.com/f.xls?Signature=s3cr3t",
        "https://example.com#.aliyuncs.com/s3cr3t",
        "https://127.0.0.1/f.xls?Signature=s3cr3t",
        "https://[::1]/f.xls?Signature=s3cr3t",
        "file:///etc/passwd?s3cr3t",
        "ftp://bucket.aliyuncs.com/s3cr3t",
        "bucket.aliyuncs.com/s3cr3t",
        "https://bucket.aliyuncs.com:port/s3cr3t",
        "https://a..aliyuncs.com/s3cr3t",
        "https://.aliyuncs.com/s3cr3t",
        "https://-a.aliyuncs.com/s3cr3t",
        "https://\ud800.aliyuncs.com/s3cr3t",
        "https://bucket.aliyuncs.com/\ud800?s3cr3t",
        "https://" + "a" * 70_000 + ".aliyuncs.com/s3cr3t",
        "https://[::1.aliyuncs.com/s3cr3t",
        "",
    ],
)
def test_a_link_to_another_host_is_refused_without_a_request(url: str) -> None:
    cloud = Cloud((200, FILE))
    assert download_and_catch(cloud, url).code in {"ForbiddenHost", "BadAnswer"}
    assert cloud.requests == []


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        (LINK, ".aliyuncs.com"),
        (LINK.replace("bucket", "BUCKET"), ".aliyuncs.com"),
        ("https://bucket.aliyuncs.com:443/f.xls", ".aliyuncs.com"),
        ("http://127.0.0.1:9999/f.xls", "127.0.0.1:9999"),
        ("http://127.0.0.1:9999/f.xls", "127.0.0.1"),
        ("https://files.example.com/f.xls", "files.example.com"),
    ],
)
def test_a_link_to_an_allowed_host_is_followed(url: str, pattern: str) -> None:
    downloaded = download_from(
        Cloud((200, FILE)), url, allowed_hosts=["other.example.com", pattern]
    )
    assert downloaded.size == len(FILE)


def test_a_port_that_is_not_the_allowed_one_is_refused() -> None:
    url = "http://127.0.0.1:9998/f.xls"
    error = download_and_catch(Cloud((200, FILE)), url, allowed_hosts=["127.0.0.1:9999"])
    assert error.code == "ForbiddenHost"


def test_a_redirect_is_not_followed() -> None:
    cloud = Cloud(
        (302, b""), headers={"Location": "https://bucket.aliyuncs.com/other.xls?Signature=s3cr3t"}
    )
    assert download_and_catch(cloud).code == "BadAnswer"
    assert len(cloud.requests) == 1


def test_an_expired_link_has_a_code_of_its_own() -> None:
    error = download_and_catch(Cloud((403, EXPIRED)))
    assert (error.code, error.status, error.request_id, error.advice) == (
        "LinkExpired",
        403,
        "OSS-1",
        "link_expired",
    )


@pytest.mark.parametrize("status", [400, 403, 404, 503])
def test_a_link_refused_with_a_page_may_work_later(status: int) -> None:
    error = download_and_catch(Cloud((status, b"<html>Request blocked</html>")))
    assert (error.code, error.status, error.is_temporary) == ("BadAnswer", status, True)
    assert (error.problem, error.detail) == ("http_status", str(status))


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchKey")])
def test_another_error_of_oss_keeps_its_code(status: int, code: str) -> None:
    document = f"<Error>\n<Code>{code}</Code>\n<Message>No.</Message></Error>".encode()
    error = download_and_catch(Cloud((status, document)))
    assert (error.code, error.status, error.advice) == (code, status, "link_refused")


def test_an_error_about_the_key_of_the_link_is_not_about_our_key() -> None:
    error = download_and_catch(
        Cloud((403, b"<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message></Error>"))
    )
    assert (error.code, error.advice) == ("OSS.SignatureDoesNotMatch", "link_refused")


def test_an_error_without_a_document_is_a_bad_answer() -> None:
    error = download_and_catch(Cloud((502, b"<html>" + b"x" * 1_000_000)))
    assert (error.code, error.status) == ("BadAnswer", 502)


def test_an_endless_error_document_is_not_read_to_its_end() -> None:
    def answer_without_end(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterator[bytes]:
        start_response("502 Bad Gateway", [])
        while True:
            yield b"x" * 10_000

    with pytest.raises(CloudError, match="answered 502"):
        download_file(
            LINK,
            io.BytesIO(),
            allowed_hosts=[".aliyuncs.com"],
            max_bytes=100,
            timeout=60.0,
            transport=httpx.WSGITransport(app=answer_without_end),
        )


@pytest.mark.parametrize("part", [LINK, LINK.partition("?")[2]])
def test_the_link_is_removed_from_a_connection_error(part: str) -> None:
    error = download_and_catch(Cloud(httpx.ReadError(f"no luck with {part}")))
    assert error.code == "CutOff"
    assert error.message.startswith("no luck with ")


def test_a_file_announced_as_too_large_is_refused_before_it_is_read() -> None:
    target = io.BytesIO()
    cloud = Cloud((200, FILE), headers={"Content-Length": str(len(FILE))})
    error = download_and_catch(cloud, target=target, max_bytes=len(FILE) - 1)
    assert (error.code, error.message) == (
        "TooLarge",
        f"{len(FILE)} bytes announced, {len(FILE) - 1} allowed",
    )
    assert target.getvalue() == b""


def test_a_file_that_turns_out_too_large_is_refused() -> None:
    target = io.BytesIO()
    assert (
        download_and_catch(Cloud((200, FILE)), target=target, max_bytes=len(FILE) - 1).code
        == "TooLarge"
    )
    assert len(target.getvalue()) < len(FILE)


def test_a_file_of_exactly_the_allowed_size_is_downloaded() -> None:
    assert download_from(Cloud((200, FILE)), max_bytes=len(FILE)).size == len(FILE)


def test_a_file_shorter_than_its_content_length_is_cut_off() -> None:
    cloud = Cloud((200, FILE[:-1]), headers={"Content-Length": str(len(FILE))})
    assert download_and_catch(cloud).code == "CutOff"


def test_a_download_that_exceeds_its_time_is_stopped() -> None:
    assert download_and_catch(Cloud((200, FILE)), timeout=0.0).code == "TimedOut"


@pytest.mark.parametrize(
    ("disposition", "path", "name"),
    [
        ("", "/a/b%20c.xls", "b c.xls"),
        ("", "/%E6%8A%A5%E5%91%8A.xls", "报告.xls"),
        ("", "/a/..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("", "/a/..%5C..%5Cboot.ini", "boot.ini"),
        ("", "/a%0d%0a%00%E2%80%AEb.xls", "ab.xls"),
        ("", "/", "report"),
        ("", "/..", "report"),
        ("", f"/{'x' * 300}.xls", "x" * 196 + ".xls"),
        ("", f"/{'x' * 300}", "x" * 200),
        ('attachment; filename="1-report.xls"', "/other", "1-report.xls"),
        ("attachment; filename*=UTF-8''%E6%8A%A5%E5%91%8A.xls", "/other", "报告.xls"),
        ('attachment; filename="../../1.xls"', "/other", "1.xls"),
        ("inline", "/other.xls", "other.xls"),
        ("attachment; filename*=\0''%ff", "/other.xls", "other.xls"),
    ],
)
def test_a_file_gets_a_safe_name(disposition: str, path: str, name: str) -> None:
    cloud = Cloud((200, FILE), headers={"Content-Disposition": disposition} if disposition else {})
    assert (
        download_from(cloud, f"https://bucket.aliyuncs.com{path}?Signature=a/b").file_name == name
    )


def serve_once(answer: bytes) -> str:
    """Answer one connection with these bytes and close it; return its host and port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{listener.getsockname()[1]}"


def download_over_a_socket(answer: bytes) -> DownloadedFile:
    host = serve_once(answer)
    url = f"http://{host}/f.xls?Signature=s3cr3t"
    return download_file(url, io.BytesIO(), allowed_hosts=[host], max_bytes=100, timeout=60.0)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"",
    ],
)
def test_a_connection_that_breaks_is_a_cut_off_download(answer: bytes) -> None:
    with pytest.raises(CloudError) as caught:
        download_over_a_socket(answer)
    assert caught.value.code == "CutOff"
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_the_log_does_not_contain_the_signature_of_a_link(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert download_over_a_socket(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile").size == 4
    assert "/f.xls" in caplog.text
    assert "s3cr3t" not in caplog.text
