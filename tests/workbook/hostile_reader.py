"""A reader server in which reading a file means to try what a harmful file would try.

It answers its orders as the real one does. The stored form is JSON: what happened to each attempt.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from dashboard.workbook import conversion, reader_server


def try_everything(
    source: Path, target: Path, _folder: Path, account: str, *_limits: object
) -> None:
    """Write to `target` what happened; `account` is JSON: the path of a key, a port, a folder."""
    facts = json.loads(account)
    key = Path(facts["key"])
    connection = ("127.0.0.1", facts["port"])
    attempts: dict[str, Callable[[], object]] = {
        "read the input": source.read_bytes,
        "read a module of the reader": Path(conversion.__file__).read_bytes,
        "read the key": key.read_bytes,
        "read the users": Path("/etc/passwd").read_bytes,
        "read the parent's memory": Path(f"/proc/{os.getppid()}/maps").read_bytes,
        "list the folder of the key": lambda: list(key.parent.iterdir()),
        "change the input": lambda: source.write_bytes(b"changed"),
        "write elsewhere": lambda: Path(facts["folder"], "written").write_bytes(b"written"),
        "move the output away": lambda: target.rename(Path(facts["folder"], "moved")),
        "open the key to all": lambda: key.chmod(0o666),
        "connect": lambda: socket.create_connection(connection).close(),
        "connect by UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "connect to a Unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "start a program": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        "fork": fork_and_wait,
        "signal the parent": lambda: os.kill(os.getppid(), signal.SIGCONT),
    }
    target.touch()
    outcomes = {name: describe_attempt(attempt) for name, attempt in attempts.items()}
    target.write_text(json.dumps(outcomes))


def fork_and_wait() -> None:
    if pid := os.fork():
        os.waitpid(pid, 0)
    else:
        os._exit(0)


def describe_attempt(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except PermissionError:
        return "denied"
    except Exception as error:  # noqa: BLE001  the test shows any error
        return repr(error)
    return "allowed"


if __name__ == "__main__":
    conversion.convert_file = try_everything  # type: ignore[assignment]
    reader_server.serve_orders()
