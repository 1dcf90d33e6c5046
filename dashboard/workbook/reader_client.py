"""Read a file in another process, so that a harmful file cannot harm this process.

A reader server (see reader_server) is a Python process that has already imported what reading
needs, because the imports take longer than to read a small file. It forks a reader process, which
reads the file. A server handles one file at a time and then waits for the next.
"""

import atexit
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from .errors import CODES, MACHINE_ERRORS, WorkbookError
from .limits import Limits

DEFAULT_LIMITS = Limits()
MAXIMUM_IDLE_SERVERS = os.cpu_count() or 1
_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_idle_servers: list["subprocess.Popen[bytes]"] = []


def read_file(
    source: Path, target: Path, *, account: str = "", limits: Limits = DEFAULT_LIMITS
) -> None:
    """Read the file `source` and write its stored form to `target`.

    Rows that name no account belong to `account`. `target` is written only after the whole file has
    been read. Raise WorkbookError for every failure that the file can cause, OSError for
    one of the machine, such as a full disk.
    """
    with tempfile.TemporaryDirectory(prefix="reading-", dir=target.parent) as folder:
        stored_form = Path(folder, "stored")
        unpacked = Path(folder, "unpacked")
        unpacked.mkdir()
        order = {
            "source": str(source.resolve()),
            "target": str(stored_form),
            "room": str(unpacked),
            "account": account,
            "limits": dataclasses.asdict(limits),
        }
        code, fault = _send_order(_take_server(), json.dumps(order).encode())
        if code:
            raise _make_error(code, fault, limits)
        stored_form.replace(target)


def _send_order(server: "subprocess.Popen[bytes]", order: bytes) -> tuple[int, Any]:
    """Send an order to a server, and return (code, fault) of its answer (see reader_server).

    The code is the exit code of the server if it died before the answer.
    """
    assert server.stdin  # noqa: S101  # _take_server opens pipes
    assert server.stdout  # noqa: S101  # _take_server opens pipes
    answer = b""
    # Without an answer, or after an exception here, the server is in an unknown state: kill it.
    try:
        with suppress(BrokenPipeError):
            server.stdin.write(order + b"\n")
            answer = server.stdout.readline()
    finally:
        if answer and len(_idle_servers) < MAXIMUM_IDLE_SERVERS:
            _idle_servers.append(server)
        else:
            _kill_server(server)
    code, fault = json.loads(answer) if answer else (server.returncode, None)
    return code, fault


def _take_server() -> "subprocess.Popen[bytes]":
    """Return a server that waits for an order, or start a new one."""
    with suppress(IndexError):  # raised if no server waits
        while (server := _idle_servers.pop()).poll() is not None:
            _kill_server(server)
        return server
    return subprocess.Popen(
        [sys.executable, "-s", "-X", "utf8", "-m", "dashboard.workbook.reader_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=_build_environment(),
        start_new_session=True,
    )


def start_reader() -> None:
    """Start a reader server in advance, so that the next file need not wait for the start.

    Do nothing if a server already waits.
    """
    if not _idle_servers:
        _idle_servers.append(_take_server())


def _kill_server(server: "subprocess.Popen[bytes]") -> None:
    """Kill the server and its reader process, wait for its end, and close its pipes."""
    with server:  # waits for the end and closes the pipes
        if server.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(server.pid, signal.SIGKILL)


def stop_readers() -> None:
    """Kill all servers that wait for an order."""
    while _idle_servers:
        _kill_server(_idle_servers.pop())


atexit.register(stop_readers)
os.register_at_fork(after_in_child=_idle_servers.clear)  # a forked process must not use them


def _make_error(code: int, fault: Any, limits: Limits) -> Exception:
    """Return the error for an answer whose code is not 0 (see reader_server).

    A negative code is the number of the signal that ended the process.
    """
    if code == -signal.SIGALRM:
        return WorkbookError("timeout", seconds=limits.seconds)
    if code < 0:
        return WorkbookError("killed", signal=-code)
    if isinstance(fault, dict) and fault.get("machine_error") in MACHINE_ERRORS:
        return OSError(fault["machine_error"], os.strerror(fault["machine_error"]))
    if not isinstance(fault, dict) or fault.get("code") not in CODES:
        return WorkbookError("killed", exit=code)
    return WorkbookError(fault["code"], **fault["facts"])


def _build_environment() -> dict[str, str]:
    """Return the environment variables of a server, without the secrets of this process."""
    python_path = os.pathsep.join(filter(None, (str(_PROJECT_ROOT), os.environ.get("PYTHONPATH"))))
    inherited = {
        name: os.environ[name]
        for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    return {
        **inherited,
        "PYTHONPATH": python_path,
        "PYTHONHASHSEED": "0",
        "MALLOC_ARENA_MAX": "2",
        "LC_ALL": "C.UTF-8",
    }
