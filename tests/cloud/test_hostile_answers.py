"""Answers that drip, never end, unpack to gigabytes or lie: each call ends, with a CloudError."""

import gzip
import io
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable

import httpx
import pytest

from dashboard.cloud import CloudError
from dashboard.cloud.client import Client
from dashboard.cloud.download import download_file
from dashboard.cloud.network import find_proxy
from dashboard.cloud.transport import MAX_ANSWER_BYTES, MAX_ERROR_DOCUMENT_BYTES
from tests.cloud import KEY_ID, SECRET
from tests.cloud.hostile_server import (
    Answer,
    HostileServer,
    send_slowly,
    send_whole,
    send_without_end,
    serve,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
DRIPPING = {
    "head": send_slowly(HEAD + b"x: ", b"x"),
    "no byte at all": send_slowly(b"", b""),
    "body": send_slowly(HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "chunks": send_slowly(CHUNKED, b"1\r\n \r\n"),
    "trailers": send_slowly(CHUNKED + b"2\r\n{}\r\n0\r\n", b"x: 1\r\n"),
    "redirect": send_slowly(HEAD.replace(b"200", b"302") + b"Content-Length: 60000\r\n\r\n", b" "),
    "size of a chunk": send_slowly(CHUNKED, b"0"),
    "100 Continue": send_slowly(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 Continue, fast": send_without_end(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "error document": send_slowly(
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 60000\r\n\r\n<Error>", b" "
    ),
}
Call = Callable[..., object]


def call_api(host: str, is_stopped: Callable[[], bool], seconds: float = 1.0) -> object:
    with Client(
        f"http://{host}", KEY_ID, SECRET, timeout=seconds, retry_timeout=seconds, attempts=3,
        initial_wait=0.0, is_stopped=is_stopped,
    ) as client:  # fmt: skip
        return client.get_report("cp-1")


def call_download(host: str, is_stopped: Callable[[], bool], seconds: float = 1.0) -> object:
    return download_file(
        f"http://{host}/f.xls?Signature=s3cr3t",
        io.BytesIO(),
        allowed_hosts=[host],
        max_bytes=10_000_000,
        timeout=seconds,
        answer_timeout=seconds,
        is_stopped=is_stopped,
    )


def catch_error(call: Call, server: HostileServer, **options: float) -> CloudError:
    with pytest.raises(CloudError) as caught:
        call(server.host, lambda: False, **options)
    return caught.value


@pytest.mark.parametrize("call", [call_api, call_download])
@pytest.mark.parametrize("part", DRIPPING)
def test_a_call_ends_at_its_time_limit_if_any_part_of_the_answer_drips(
    part: str, call: Call
) -> None:
    started_at = time.monotonic()
    with serve(DRIPPING[part]) as server:
        error = catch_error(call, server)
    assert error.code in {"TimedOut", "CutOff"}
    assert error.is_temporary
    assert time.monotonic() - started_at < 5


@pytest.mark.parametrize("call", [call_api, call_download])
@pytest.mark.parametrize("part", ["head", "no byte at all", "body", "error document"])
def test_a_call_ends_soon_after_its_run_was_cancelled(part: str, call: Call) -> None:
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    started_at = time.monotonic()
    with serve(DRIPPING[part]) as server, pytest.raises(CloudError):
        call(server.host, cancelled.is_set, seconds=60)
    assert time.monotonic() - started_at < 10
    assert len(server.requests) == 1


def test_a_call_that_cannot_connect_ends_at_its_time_limit() -> None:
    with HostileListener() as host:
        started_at = time.monotonic()
        with pytest.raises(CloudError) as caught:
            call_api(host, lambda: False)
    assert caught.value.is_temporary
    assert time.monotonic() - started_at < 5


def test_a_call_that_cannot_connect_ends_soon_after_its_run_was_cancelled() -> None:
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    started_at = time.monotonic()
    with HostileListener() as host, pytest.raises(CloudError):
        call_api(host, cancelled.is_set, seconds=60)
    assert time.monotonic() - started_at < 10


@pytest.mark.parametrize("seconds", [1.0, 60.0])
def test_a_handshake_of_tls_that_drips_ends_like_any_other_part(seconds: float) -> None:
    stopped_at = time.monotonic() + 1
    with serve(send_slowly(b"\x16\x03\x03\x40\x00", b"\0")) as server:
        client = Client(
            f"https://{server.host}", KEY_ID, SECRET, timeout=seconds, attempts=1,
            is_stopped=lambda: time.monotonic() > stopped_at,
        )  # fmt: skip
        with client, pytest.raises(CloudError):
            client.get_report("cp-1")
    assert time.monotonic() - stopped_at < 10


def test_a_host_that_is_not_found_is_a_failed_connection() -> None:
    for host in ("does-not-exist.invalid", "a..b"):
        with Client(f"http://{host}", KEY_ID, SECRET, attempts=1) as client:
            with pytest.raises(CloudError) as caught:
                client.get_report("cp-1")
            assert caught.value.code == "ConnectionFailed"


@pytest.mark.parametrize(
    ("address", "proxy"),
    [
        ("https://config.cn-shanghai.aliyuncs.com", "http://proxy:3128"),
        ("https://config.example.com", None),
        ("https://127.0.0.1:8000", None),
        ("http://config.cn-shanghai.aliyuncs.com", "http://any:1"),
    ],
)
def test_the_proxy_of_the_environment_is_found(
    address: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.setenv("https_proxy", "proxy:3128")
    monkeypatch.setenv("all_proxy", "http://any:1")
    monkeypatch.setenv("no_proxy", "example.com")
    assert find_proxy(httpx.URL(address)) == proxy


def test_a_proxy_that_cannot_be_used_is_a_failed_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "gopher://user:s3cr3t@proxy")
    with pytest.raises(CloudError) as caught:
        Client("config.example.com", KEY_ID, SECRET)
    assert caught.value.code == "ConnectionFailed"
    assert "s3cr3t" not in str(caught.value)


class HostileListener:
    """A port whose queue of connections is full, so that a connect waits."""

    def __enter__(self) -> str:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        address = self._listener.getsockname()
        self._waiting = []
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(address)
            self._waiting.append(waiting)
        return f"127.0.0.1:{address[1]}"

    def __exit__(self, *_arguments: object) -> None:
        for waiting in (*self._waiting, self._listener):
            waiting.close()


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
@pytest.mark.parametrize("call", [call_api, call_download])
def test_an_answer_without_an_end_is_left_when_it_is_too_long(call: Call, status: str) -> None:
    endless = send_without_end(f"HTTP/1.1 {status}\r\n\r\n".encode(), b" " * 65536)
    tracemalloc.start()
    with serve(endless) as server:
        error = catch_error(call, server, seconds=30)
        memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.code == ("TooLarge" if call is call_download and status[0] == "2" else "BadAnswer")
    assert memory < 4 * MAX_ANSWER_BYTES
    if status[0] != "2":
        assert error.status == 403
        assert memory < 20 * MAX_ERROR_DOCUMENT_BYTES + 2**20


BOMB = gzip.compress(gzip.compress(b" " * 50_000_000))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip", "br", "x-unheard-of"])
@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
@pytest.mark.parametrize("call", [call_api, call_download])
def test_a_compressed_answer_is_refused_and_not_unpacked(
    call: Call, status: str, encoding: str
) -> None:
    tracemalloc.start()
    with serve(send_whole(BOMB, status, f"Content-Encoding: {encoding}")) as server:
        error = catch_error(call, server, seconds=30)
        memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.code, error.problem, error.detail) == ("BadAnswer", "encoded", encoding)
    assert memory < 5_000_000
    assert b"accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize(
    "content",
    [
        b'{"CompliancePackReport": {"ReportStatus": "NONE", "ReportCreateTimestamp": %s}}'
        % (b"9" * 5000),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"Code": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"CompliancePackReport": {"ReportStatus": "NONE", "AccountId": "\\ud800"}}',
        b'{"CompliancePackReport": {"ReportStatus": "NONE", "AccountId": "\xed\xa0\x80"}}',
        b'{"CompliancePackReport": {"ReportStatus": "NONE", "AccountId": "\\u0000"}}',
        b'{"CompliancePackReport": {"ReportStatus": "NONE", "AccountId": NaN}}',
        b'{"CompliancePackReport": {"ReportStatus": "NONE", "AccountId": 1e999}}',
        b'{"CompliancePackReport": {"ReportStatus": "NONE", "AccountId": {}}}',
        b'{"CompliancePackReport": {"ReportStatus": "FAILED"}}',
        b'{"CompliancePackReport": {"ReportStatus": "COMPLETE"}}',
    ],
    ids=lambda content: repr(content[:30] + content[-40:]),
)
def test_what_json_can_hold_and_no_answer_holds_is_a_bad_answer(content: bytes) -> None:
    with serve(send_whole(content)) as server:
        error = catch_error(call_api, server, seconds=30)
    assert (error.code, bool(error.problem)) == ("BadAnswer", True)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"\x00\xff\x16\x03\x01",
        b"SSH-2.0-OpenSSH_9\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\n",
        HEAD + b"Set-Cookie: a=b; Expires=" + b"9" * 5000 + b"\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Content-Disposition: attachment; filename*=\x00''%ff\r\n\r\n",
        HEAD + b"Content-Encoding: \xff\xfe\r\nContent-Length: 1\r\n\r\n1",
    ],
    ids=lambda answer: repr(answer[:40]),
)
@pytest.mark.parametrize("call", [call_api, call_download])
def test_what_is_no_http_raises_nothing_but_a_cloud_error(call: Call, answer: bytes) -> None:
    codes = {"CutOff", "BadAnswer", "TimedOut"}
    with serve(lambda: [answer]) as server:
        assert find_error_code(call, server) in {"", *codes}


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        HEAD + b"X: " + b"x" * 300_000,
        HEAD + b"X-A: 1\r\n" * 30_000,
        CHUNKED + b"2;" + b"a" * 300_000,
        CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X-T: 1\r\n" * 30_000,
        CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
    ids=lambda answer: repr(answer[:60]),
)
@pytest.mark.parametrize("call", [call_api, call_download])
def test_what_breaks_the_rules_of_http_is_told_from_a_lost_connection(
    call: Call, answer: bytes
) -> None:
    with serve(lambda: [answer]) as server:
        error = catch_error(call, server)
    assert (error.code, error.problem, error.is_temporary) == ("BadAnswer", "not_http", True)


def find_error_code(call: Call, server: HostileServer) -> str:
    """Return the code of the call's error; an empty string if it has none."""
    try:
        call(server.host, lambda: False)
    except CloudError as error:
        return error.code
    return ""


def test_the_last_fault_is_told_where_the_time_runs_out_between_two_attempts() -> None:
    refusal = send_whole(b'{"Code": "ServiceUnavailable"}', "503 Unavailable")
    with serve(refusal, DRIPPING["head"]) as server:
        error = catch_error(call_api, server)
    assert error.code == "ServiceUnavailable"


def build_list(count: int, total: object, first: int = 0) -> Answer:
    packs = [{"CompliancePackId": f"cp-{first + number}"} for number in range(count)]
    result = {"CompliancePacks": packs, "TotalCount": total}
    return send_whole(json.dumps({"CompliancePacksResult": result}).encode())


@pytest.mark.parametrize(
    ("answers", "problem", "calls"),
    [
        ([build_list(0, 9)], "list_incomplete", 1),
        ([build_list(100, 200), build_list(0, 200, 100)], "list_incomplete", 2),
        ([build_list(100, 300), build_list(0, 300), build_list(100, 300, 200)],
         "list_incomplete", 2),
        ([build_list(100, 200), build_list(100, 200)], "list_incomplete", 2),
        ([build_list(100, 50)], "list_incomplete", 1),
        ([build_list(3, None)], "missing_field", 1),
        ([build_list(3, "many")], "wrong_field", 1),
        ([build_list(100, 10**9)], "list_too_long", 1),
        ([send_whole(b'{"CompliancePacksResult": {"CompliancePacks": null, "TotalCount": 0}}')],
         "missing_field", 1),
        ([send_whole(b'{"CompliancePacksResult": {"CompliancePacks": {}, "TotalCount": 0}}')],
         "wrong_field", 1),
        ([send_whole(b'{"CompliancePacksResult": {"CompliancePacks": [1], "TotalCount": 1}}')],
         "wrong_field", 1),
        ([send_whole(b'{"CompliancePacksResult": {}}')], "missing_field", 1),
        ([send_whole(b"{}")], "missing_field", 1),
    ],
)  # fmt: skip
def test_a_list_that_is_not_whole_is_a_bad_answer(
    answers: list[Answer], problem: str, calls: int
) -> None:
    pages: list[int] = []
    closing = [close_after(answer) for answer in answers]
    with (
        serve(*closing) as server,
        Client(f"http://{server.host}", KEY_ID, SECRET) as client,
        pytest.raises(CloudError) as caught,
    ):
        client.list_packs(before_page=lambda: pages.append(1))
    assert (caught.value.code, caught.value.problem) == ("BadAnswer", problem)
    assert (len(server.requests), len(pages)) == (calls, calls)


def close_after(answer: Answer) -> Answer:
    """Say that the connection ends with the answer, so that the next call opens a new one."""
    return lambda: [
        part.replace(b"Content-Length", b"Connection: close\r\nContent-Length", 1)
        for part in answer()
    ]


def test_a_list_that_grows_with_every_page_ends_at_the_page_limit() -> None:
    answers = [close_after(build_list(10, 5000, first=10 * number)) for number in range(60)]
    with (
        serve(*answers) as server,
        Client(f"http://{server.host}", KEY_ID, SECRET) as client,
        pytest.raises(CloudError, match="BadAnswer"),
    ):
        client.list_packs()
    assert len(server.requests) == 50
