"""The HTTP server of the sandbox: HTTP/1.1 with keep-alive, and 400 for what is malformed."""

import json
import re
import socket
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller

PACK = "cp-2b8e47d09a6c4f13b5d7"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture
def address(sandbox: Sandbox) -> Iterator[str]:
    with run_server_in_thread(sandbox) as address:
        yield address


def send(address: str, content: bytes) -> bytes:
    """Send bytes, say that no more will come, and return all that the server answers."""
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_one_connection_serves_many_requests(address: str) -> None:
    request = b"GET /-/calls HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = send(address, request * 3)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answer.count(b"Connection: keep-alive\r\n") == 3


def test_bodies_are_read_to_their_end_before_the_next_request(address: str) -> None:
    requests = (
        POST + b"Content-Length: 5\r\n\r\nhello",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx: y\r\n\r\n",
        b"GET /-/faults HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    answer = send(address, b"".join(requests))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"400", b"400", b"200"]
    assert b"MissingParameter" in answer
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["faults"] == []


def test_a_client_of_http_1_0_gets_its_answer_and_the_end(address: str) -> None:
    answer = send(address, b"GET /-/calls HTTP/1.0\r\n\r\n")
    assert b"Connection: close\r\n" in answer


def test_a_client_is_told_to_continue(address: str) -> None:
    answer = send(address, POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n")


def test_head_has_no_body_over_http(address: str, caller: Caller) -> None:
    caller.generate_report(PACK)
    path = httpx.URL(caller.get_report(PACK)["ReportUrl"]).raw_path
    answer = send(address, b"HEAD " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert int(answer.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]) > 1000


@pytest.mark.parametrize("signature", ["é" * 64, "\u0663" * 64])
def test_a_signature_in_other_characters_is_refused(address: str, signature: str) -> None:
    lines = [
        "GET / HTTP/1.1",
        "Host: a",
        "x-acs-action: ListCompliancePacks",
        "x-acs-version: 2020-09-07",
        f"Authorization: ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature={signature}",
    ]
    answer = send(address, "\r\n".join([*lines, "", ""]).encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"IncompleteSignature" in answer


MALFORMED = [
    b"GET\r\n\r\n",
    b"GET / HTTP/x.y\r\n\r\n",
    b"\x00\xff\x16\x03\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
    POST + b"Content-Length: abc\r\n\r\n",
    POST + b"Content-Length: -1\r\n\r\n",
    POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    POST + b"Content-Length: 99999999\r\n\r\n",
    POST + b"Content-Length: 5\r\n\r\nabc",
    POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: gzip\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nab",
]


@pytest.mark.parametrize("content", MALFORMED, ids=lambda content: repr(content[-40:]))
def test_a_malformed_request_is_answered_with_400(
    address: str, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = send(address, content)
    assert b" 400 " in answer.split(b"\r\n")[0] or b"Error code: 400" in answer
    assert b"Traceback" not in answer
    assert capfd.readouterr() == ("", "")


HEADERS = ["Authorization", "x-acs-action", "x-acs-version", "x-acs-date", "Range", "Content-Type"]
any_bytes = st.binary(max_size=60).map(lambda text: text.replace(b"\r", b"").replace(b"\n", b""))


@st.composite
def any_request(draw: st.DrawFn) -> bytes:
    """Return a request with any path, headers and body, of the right length."""
    method = draw(st.sampled_from([b"GET", b"POST", b"HEAD", b"DELETE", b"PUT"]))
    paths = [b"/", b"/CompliancePackReports/1/2", b"/-/faults", b"/-/calls", b"http://a"]
    query = draw(any_bytes).replace(b" ", b"%20")
    lines = [method + b" " + draw(st.sampled_from(paths)) + b"?" + query + b" HTTP/1.1", b"Host: a"]
    for name in draw(st.lists(st.sampled_from(HEADERS), max_size=5, unique=True)):
        value = draw(any_bytes | st.sampled_from([b"ACS3-HMAC-SHA256 Credential=a", b"bytes=1-"]))
        lines.append(name.encode() + b": " + value)
    body = draw(
        any_bytes | st.sampled_from([b"name=slow&delay=nan", b"name=slow&times=" + b"9" * 5000])
    )
    lines += [b"Content-Length: " + str(len(body)).encode(), b"Connection: close", b"", body]
    return b"\r\n".join(lines)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(any_request())
def test_no_request_ends_without_an_answer_or_with_a_traceback(
    address: str, capfd: pytest.CaptureFixture[str], content: bytes
) -> None:
    answer = send(address, content)
    assert answer.startswith(b"HTTP/1.1 ") or b"Error code" in answer
    assert not answer.startswith(b"HTTP/1.1 500")
    assert capfd.readouterr() == ("", "")
