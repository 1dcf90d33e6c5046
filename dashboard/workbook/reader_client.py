"""Read a file in a process of its own, so that no file can harm the process that asks.

The file is read by a fork of a reader server (see reader_server): a fresh interpreter that has
imported what a reader needs, which is most of the time of a small file. A server has one file read
at a time, and then waits for the next.
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

from .errors import CODES, WorkbookError
from .limits import Limits

DEFAULT_LIMITS = Limits()
MAXIMUM_IDLE_SERVERS = os.cpu_count() or 1
_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_idle_servers: list["subprocess.Popen[bytes]"] = []


def read_file(
    source: Path, target: Path, *, account: str = "", limits: Limits = DEFAULT_LIMITS
) -> None:
    """Read the file `source` and write its stored form to `target`.

    `account` owns the rows that name no account. `target` is written only if the whole file was
    read. Raises WorkbookError, and no other error because of the file.
    """
    with tempfile.TemporaryDirectory(prefix="reading-", dir=target.parent) as folder:
        written = Path(folder, "stored")
        unpacked = Path(folder, "unpacked")
        unpacked.mkdir()
        order = {
            "source": str(source.resolve()),
            "target": str(written),
            "room": str(unpacked),
            "account": account,
            "limits": dataclasses.asdict(limits),
        }
        code, fault = _send_order(_take_server(), json.dumps(order).encode())
        if code:
            raise _make_error(code, fault, limits)
        written.replace(target)


def _send_order(server: "subprocess.Popen[bytes]", order: bytes) -> tuple[int, Any]:
    """Return the answer's code and fault (see reader_server); the server's exit code if it died."""
    assert server.stdin  # noqa: S101  # it is started with pipes
    assert server.stdout  # noqa: S101  # it is started with pipes
    answer = b""
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
    """Return a server that waits, or start one."""
    with suppress(IndexError):
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
    """Start a reader server, unless one waits: the next file then need not wait for its start."""
    if not _idle_servers:
        _idle_servers.append(_take_server())


def _kill_server(server: "subprocess.Popen[bytes]") -> None:
    """Kill the server and its reader, wait for the server, and close its pipes."""
    with server:
        if server.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(server.pid, signal.SIGKILL)


def stop_readers() -> None:
    """Kill the servers that wait."""
    while _idle_servers:
        _kill_server(_idle_servers.pop())


atexit.register(stop_readers)
os.register_at_fork(after_in_child=_idle_servers.clear)  # they belong to the parent


def _make_error(code: int, fault: Any, limits: Limits) -> WorkbookError:
    """Return the error of an answer whose code is not 0 (see reader_server)."""
    if code == -signal.SIGALRM:
        return WorkbookError("timeout", seconds=limits.seconds)
    if code < 0:
        return WorkbookError("killed", signal=-code)
    if not isinstance(fault, dict) or fault.get("code") not in CODES:
        return WorkbookError("killed", exit=code)
    return WorkbookError(fault["code"], **fault["facts"])


def _build_environment() -> dict[str, str]:
    """Return the server's environment: where its modules are, and no secret of this process."""
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
