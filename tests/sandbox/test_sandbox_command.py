"""The command that serves the sandbox."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def command() -> Iterator[subprocess.Popen[str]]:
    process = start("--port", "0", "--fault", "throttling")
    yield process
    process.terminate()
    process.communicate(timeout=60)


def test_the_command_prints_its_address_and_keys_and_serves(command: subprocess.Popen[str]) -> None:
    assert command.stdout
    lines = [command.stdout.readline().strip() for _ in range(7)]
    address = re.fullmatch(r"Sandbox cloud at (http://127\.0\.0\.1:\d+)", lines[0])
    assert address
    assert lines[2:4] == [
        "AccessKey id: LTAI-sandbox-production",
        "AccessKey secret: sandbox-secret-of-production",
    ]
    assert lines[5] == "AccessKey id: LTAI-sandbox-staging"
    faults = httpx.get(f"{address[1]}/-/faults", timeout=60, trust_env=False).json()["faults"]
    assert [fault["name"] for fault in faults] == ["throttling"]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly(end: signal.Signals) -> None:
    process = start("--port", "0")
    assert process.stdout
    process.stdout.readline()
    process.send_signal(end)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


def test_a_busy_port_is_a_clear_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start("--port", str(taken.getsockname()[1]))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.search(r"port \d+ cannot be used: Address already in use", said)
