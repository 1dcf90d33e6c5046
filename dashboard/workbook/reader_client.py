"""Read a file in another process, so that a harmful file cannot harm this process.

A reader server (see reader_server) is a Python process that has already imported what reading
needs, because the imports take longer than to read a small file. It forks a reader process, which
reads the file. A server handles one file at a time and then waits for the next.
"""

import atexit
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import CODES, MACHINE_ERRORS, WorkbookError
from .limits import Limits

DEFAULT_LIMITS = Limits()
MAXIMUM_IDLE_SERVERS = os.cpu_count() or 1
SUBFOLDERS = ("input", "output", "unpacked")
_PROJECT_ROOT = Path(__file__).resolve().parents[2]


class _Server:
    """A reader server and the folder of its reader process.

    The folder is all that the reader process may use of the disk, so it stays the same for many
    files. It has the SUBFOLDERS.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-X", "utf8", "-m", "dashboard.workbook.reader_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_build_environment(),
            start_new_session=True,
        )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def prepare_folder(self, parent: Path) -> Path:
        """Return the folder, which lies in `parent`; create it if there is none, or only a part."""
        if self.folder and self.folder.parent == parent and self._is_complete(self.folder):
            return self.folder
        self.remove_folder()
        self.folder = Path(tempfile.mkdtemp(prefix="reading-", dir=parent))
        for name in SUBFOLDERS:
            (self.folder / name).mkdir(mode=0o700)
        return self.folder

    def _is_complete(self, folder: Path) -> bool:
        return all((folder / name).is_dir() for name in SUBFOLDERS)

    def remove_folder(self) -> None:
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = None

    def send_order(self, order: bytes) -> tuple[int, Any]:
        """Send an order, and return (code, fault) of its answer (see reader_server).

        The code is the exit code of the server if it died before the answer. Without an answer, or
        after an exception here, the server is in an unknown state: kill it.
        """
        assert self._process.stdin  # noqa: S101  # these are pipes
        assert self._process.stdout  # noqa: S101
        answer = b""
        try:
            with suppress(BrokenPipeError):
                self._process.stdin.write(order + b"\n")
                answer = self._process.stdout.readline()
        finally:
            if not answer:
                self.kill()
        code, fault = json.loads(answer) if answer else (self._process.returncode, None)
        return code, fault

    def kill(self) -> None:
        """Kill the server and its reader process, and wait for its end; its folder stays."""
        with self._process as process:  # waits for the end and closes the pipes
            if process.poll() is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)


_idle_servers: list[_Server] = []


def read_file(
    source: Path,
    target: Path,
    *,
    account: str = "",
    limits: Limits = DEFAULT_LIMITS,
    work_folder: Path | None = None,
    results: Path | None = None,
    results_error: WorkbookError | None = None,
) -> None:
    """Read the file `source` and write its stored form to `target`.

    Rows that name no account belong to `account`. `results` is the list of evaluation results that
    was fetched beside the file; with `results_error`, the stored form says that there is a list,
    which could not be read. `target` is written only after the whole file has been read. Raise
    WorkbookError for every failure that file or list can cause, OSError for one of the machine,
    such as a full disk.
    Many files are read in less time with the same `work_folder`, a folder for incomplete files on
    the disk of `target`. Without it, nothing is left in the folder of `target`.
    """
    with _take_server() as server:
        folder = server.prepare_folder((work_folder or target.parent).resolve())
        try:
            _link_or_copy(source.resolve(), folder / "input" / "source")
            if results:
                _link_or_copy(results.resolve(), folder / "input" / "results")
            order = {
                "folder": str(folder),
                "source": str(folder / "input" / "source"),
                "target": str(folder / "output" / "stored"),
                "room": str(folder / "unpacked"),
                "account": account,
                "limits": dataclasses.asdict(limits),
                "results": _describe_results(folder, results, results_error),
            }
            code, fault = server.send_order(json.dumps(order).encode())
            if code:
                raise _make_error(code, fault, limits)
            (folder / "output" / "stored").replace(target)
        finally:
            if work_folder:
                _empty_folders(folder)
            else:
                server.remove_folder()


def _describe_results(
    folder: Path, results: Path | None, error: WorkbookError | None
) -> dict[str, Any] | None:
    """Return the fields of a ResultsSource for the order; None if there is no list."""
    if not results and not error:
        return None
    return {
        "path": str(folder / "input" / "results") if results else "",
        "error_code": error.code if error else "",
        "error_facts": error.facts if error else {},
    }


def _link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the disk does not allow that."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _empty_folders(folder: Path) -> None:
    """Delete all files below `folder`, and keep its folders: the reader process may use them."""
    for subfolder in folder.iterdir():
        for path in subfolder.iterdir():
            path.unlink()


@contextmanager
def _take_server() -> Iterator[_Server]:
    """Yield a server that waits for an order, or a new one; let it wait again afterwards."""
    server = _find_idle_server() or _Server()
    try:
        yield server
    finally:
        if server.is_running() and len(_idle_servers) < MAXIMUM_IDLE_SERVERS:
            _idle_servers.append(server)
        else:
            _end_server(server)


def _find_idle_server() -> _Server | None:
    """Return a server that waits for an order; end those that died while they waited."""
    with suppress(IndexError):  # raised if no server waits
        while not (server := _idle_servers.pop()).is_running():
            _end_server(server)
        return server
    return None


def start_reader() -> None:
    """Start a reader server in advance, so that the next file need not wait for the start.

    Do nothing if a server already waits.
    """
    if not _idle_servers:
        _idle_servers.append(_Server())


def _end_server(server: _Server) -> None:
    """Kill a server and remove its folder."""
    server.kill()
    server.remove_folder()


def stop_readers() -> None:
    """End all servers that wait for an order."""
    while _idle_servers:
        _end_server(_idle_servers.pop())


atexit.register(stop_readers)
os.register_at_fork(after_in_child=_idle_servers.clear)  # a forked process must not use them


def _make_error(code: int, fault: Any, limits: Limits) -> Exception:
    """Return the error for an answer whose code is not 0 (see reader_server).

    A negative code is the number of the signal that ended the process.
    """
    if code in (-signal.SIGALRM, -signal.SIGXCPU):
        return WorkbookError("timeout", seconds=limits.seconds)
    if code < 0:
        return WorkbookError("killed", signal=-code)
    with suppress(TypeError, KeyError):  # raised if a harmful file has taken over the process
        if "machine_error" in fault and fault["machine_error"] in MACHINE_ERRORS:
            return OSError(fault["machine_error"], os.strerror(fault["machine_error"]))
        if fault["code"] in CODES:
            return WorkbookError(fault["code"], **fault["facts"])
    return WorkbookError("killed", exit=code)


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
