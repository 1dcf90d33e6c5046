"""The web server answers while others send their requests slowly, and keeps nothing of them."""

import http.client
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from waitress.adjustments import Adjustments

from dashboard.management.web_server import TimedRequest
from tests.installation import (
    CreateInstallation,
    Installation,
    ServerProcess,
    is_listening,
    wait_until,
)

pytestmark = pytest.mark.django_db  # the installation begins with the test database
SLOW_CONNECTIONS = 60
HEAD = b"%s /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
# A server that expects the head of a request within one second.
STRICT_SERVER = (
    "import django; django.setup()\n"
    "from dashboard.management import web_server\n"
    "web_server.HEAD_SECONDS = web_server.CHECK_SECONDS = 1\n"
    "web_server.serve_site('127.0.0.1', {port}, processes=1, threads=2)"
)


@pytest.fixture(scope="module")
def installation(create_installation: CreateInstallation) -> Installation:
    installation = create_installation("site", "127.0.0.1:1", prepare=False)
    installation.run_command("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    return installation


@pytest.fixture
def address(installation: Installation) -> Iterator[tuple[str, int]]:
    with installation.start_web_server() as url:
        yield "127.0.0.1", int(url.rpartition(":")[2])


@pytest.mark.parametrize(
    "request_part",
    [
        HEAD % b"GET" + b"X-Slow: ",
        HEAD % b"POST" + b"Content-Length: 1000\r\n\r\n",
        HEAD % b"POST" + b"Transfer-Encoding: chunked\r\n\r\n5\r\n",
    ],
    ids=["heads", "bodies", "chunks"],
)
def test_slow_connections_do_not_keep_others_waiting(
    address: tuple[str, int], request_part: bytes
) -> None:
    with ExitStack() as stack:
        for _number in range(SLOW_CONNECTIONS):
            connection = stack.enter_context(socket.create_connection(address))
            connection.sendall(request_part)
        started = time.monotonic()
        assert [get_status(address) for _page in range(3)] == [200, 200, 200]
        assert time.monotonic() - started < 20


@pytest.mark.parametrize("length", [b"Content-Length: 157286400", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize(
    "head",
    [
        HEAD % b"POST",
        b"POST /imports/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ledger_session=signed:a; b=c\r\n",
    ],
    ids=["no session", "an invented session"],
)
def test_a_large_body_without_a_session_is_refused_before_it_arrives(
    address: tuple[str, int], head: bytes, length: bytes
) -> None:
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head + length + b"\r\n\r\n")
        if b"chunked" in length:
            chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
            connection.sendall(chunk)
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "head",
    [b"GET http://[ HTTP/1.1\r\n", HEAD % b"POST" + b"Content-Length: " + b"9" * 5_000 + b"\r\n"],
    ids=["address", "length"],
)
def test_a_head_with_an_impossible_number_or_address_is_refused_in_words(
    address: tuple[str, int], head: bytes
) -> None:
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.django_db(transaction=True)  # the web server closes its connection
@pytest.mark.parametrize(
    ("path", "is_signed_in", "may_bring_files"),
    [("/imports/", True, True), ("/imports/", False, False), ("/search/", True, False)],
)
def test_only_a_signed_in_user_brings_files_and_only_to_the_imports(
    client: Client, officer: User, path: str, is_signed_in: bool, may_bring_files: bool
) -> None:
    client.force_login(officer)
    request = TimedRequest(Adjustments())
    session = client.cookies["ledger_session"].value if is_signed_in else "a" * 32
    request.parse_header(
        f"POST {path} HTTP/1.1\r\nContent-Length: 9999999\r\n"
        f"Cookie: ledger_session={session}".encode()
    )
    assert request.may_bring_files() is may_bring_files


def test_a_request_that_takes_too_long_is_closed(installation: Installation) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with installation.start_process("-c", STRICT_SERVER.format(port=port)):
        wait_until(lambda: is_listening(port))
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(HEAD % b"GET" + b"X-Slow: ")
            wait_until(lambda: is_closed(connection), seconds=60)


def test_a_process_that_dies_is_replaced_and_all_end_with_the_server(
    installation: Installation,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ("manage.py", "serve", "--port", str(port), "--processes", "1")
    with installation.start_process(*command) as server:
        wait_until(lambda: list_children(server))
        (first,) = list_children(server)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: list_children(server) not in ([], [first]))
        assert get_status(("127.0.0.1", port)) == 200
        (second,) = list_children(server)
    wait_until(lambda: not Path(f"/proc/{second}").exists())


def get_status(address: tuple[str, int]) -> int:
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request("GET", "/accounts/login/")
    status = connection.getresponse().status
    connection.close()
    return status


def is_closed(connection: socket.socket) -> bool:
    """Send another byte; return whether the server has closed the connection."""
    try:
        connection.sendall(b"x")
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def list_children(process: ServerProcess) -> list[int]:
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(child) for child in text.split()]
