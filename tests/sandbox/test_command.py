"""The command `manage.py sandbox`."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from dashboard.management.commands.sandbox import Command, create_sandbox


def start_command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def running_command() -> Iterator[subprocess.Popen[str]]:
    process = start_command("--port", "0", "--fault", "throttling")
    yield process
    process.terminate()
    process.communicate(timeout=60)


def test_the_command_prints_its_address_and_keys_and_serves(
    running_command: subprocess.Popen[str],
) -> None:
    assert running_command.stdout
    lines = [running_command.stdout.readline().strip() for _ in range(7)]
    address = re.fullmatch(r"Sandbox cloud at (http://127\.0\.0\.1:\d+)", lines[0])
    assert address
    assert lines[2:4] == [
        "AccessKey id: LTAI-sandbox-production",
        "AccessKey secret: sandbox-secret-of-production",
    ]
    assert lines[5] == "AccessKey id: LTAI-sandbox-staging"
    faults = httpx.get(f"{address[1]}/-/faults", timeout=60, trust_env=False).json()["faults"]
    assert [fault["name"] for fault in faults] == ["throttling"]


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_command_without_an_error(signal_number: signal.Signals) -> None:
    process = start_command("--port", "0")
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal_number)
    _, error_output = process.communicate(timeout=60)
    assert (process.returncode, error_output) == (0, "")


def test_a_busy_port_is_a_clear_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other_server:
        process = start_command("--port", str(other_server.getsockname()[1]))
        _, error_output = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.search(r"port \d+ cannot be used: Address already in use", error_output)


def test_the_options_are_those_of_the_sandbox() -> None:
    arguments = [
        *("--fault", "forbidden:ListConfigRuleEvaluationResults", "--fault", "slow"),
        *("--evaluation-seconds", "2", "--token-seconds", "9"),
        *("--past-weeks", "3", "--past-until", "2026-01-31T12:00:00+08:00"),
    ]
    parser = Command().create_parser("manage.py", "sandbox")
    sandbox = create_sandbox(vars(parser.parse_args(arguments)))
    faults = {fault["name"]: fault["on"] for fault in sandbox.faults.list_as_json()}
    assert faults == {"forbidden": "ListConfigRuleEvaluationResults", "slow": None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fault", "gremlins"), "no such fault: gremlins"),
        (("--fault", "slow:Everything"), "no such operation: Everything"),
        (("--past-until", "yesterday"), "not a time: yesterday"),
        (("--past-until", "2026-01-31T12:00:00"), "without a time zone"),
    ],
)
def test_a_wrong_option_is_a_clear_message(arguments: tuple[str, ...], message: str) -> None:
    _, error_output = start_command("--port", "0", *arguments).communicate(timeout=60)
    assert message in error_output
    assert "Traceback" not in error_output
