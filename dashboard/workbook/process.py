"""A file is read in a process of its own, so that no file can harm the one who asks.

That process is a fork of a server (see child.py), a fresh interpreter that has imported what it takes: most of what a
small file would cost otherwise. A server has one file read at a time, and waits for the next.
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

DEFAULT = Limits()
KEPT = os.cpu_count() or 1  # servers that wait for a next file
_ROOT = Path(__file__).resolve().parents[2]
_idle: list["subprocess.Popen[bytes]"] = []


def read(source: Path, target: Path, *, account: str = "", limits: Limits = DEFAULT) -> None:
    """Read the file `source` and write its stored form to `target`; `account` owns the rows that name no account.

    `target` appears only when it is complete. Raises WorkbookError, whatever the file does to its reader.
    """
    with tempfile.TemporaryDirectory(prefix="reading-", dir=target.parent) as room:
        written = Path(room, "stored")
        unpacked = Path(room, "unpacked")
        unpacked.mkdir()
        order = {
            "source": str(source.resolve()),
            "target": str(written),
            "room": str(unpacked),
            "account": account,
            "limits": dataclasses.asdict(limits),
        }
        _run(json.dumps(order), limits)
        written.replace(target)


def _run(order: str, limits: Limits) -> None:
    code, fault = _asked(_server(), order.encode())
    if code:
        raise _error(code, fault, limits)


def _asked(server: "subprocess.Popen[bytes]", order: bytes) -> tuple[int, Any]:
    """The answer's code and fault (see child.py); the server's own exit code where it did not live to tell."""
    assert server.stdin  # noqa: S101  # it is started with pipes
    assert server.stdout  # noqa: S101  # as above
    answer = b""
    try:
        with suppress(BrokenPipeError):
            server.stdin.write(order + b"\n")
            answer = server.stdout.readline()
    finally:
        if answer and len(_idle) < KEPT:
            _idle.append(server)
        else:
            _end(server)
    code, fault = json.loads(answer) if answer else (server.returncode, None)
    return code, fault


def _server() -> "subprocess.Popen[bytes]":
    """One that waits, or a new one."""
    with suppress(IndexError):
        while (server := _idle.pop()).poll() is not None:
            _end(server)
        return server
    return subprocess.Popen(
        [sys.executable, "-s", "-X", "utf8", "-m", "dashboard.workbook.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=_environment(),
        start_new_session=True,
    )


def warm() -> None:
    """Have a server started that waits for a first file."""
    if not _idle:
        _idle.append(_server())


def _end(server: "subprocess.Popen[bytes]") -> None:
    """Leave nothing behind, whatever happened here: neither the server nor its reader."""
    with server:
        if server.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(server.pid, signal.SIGKILL)


def dismiss() -> None:
    """End the servers that wait for a next file."""
    while _idle:
        _end(_idle.pop())


atexit.register(dismiss)
os.register_at_fork(after_in_child=_idle.clear)  # they answer to the parent


def _error(code: int, fault: Any, limits: Limits) -> WorkbookError:
    if code == -signal.SIGALRM:
        return WorkbookError("timeout", seconds=limits.seconds)
    if code < 0:
        return WorkbookError("killed", signal=-code)
    if not isinstance(fault, dict) or fault.get("code") not in CODES:
        return WorkbookError("killed", exit=code)
    return WorkbookError(fault["code"], **fault["facts"])


def _environment() -> dict[str, str]:
    """Nothing of ours but where Python finds its modules: no secret reaches the process that reads strangers' files."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    kept = {
        name: os.environ[name]
        for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    return {
        **kept,
        "PYTHONPATH": path,
        "PYTHONHASHSEED": "0",
        "MALLOC_ARENA_MAX": "2",
        "LC_ALL": "C.UTF-8",
    }
