"""The server that has files read: `python -m dashboard.workbook.reader_server`.

It takes an order a line on its input, and writes an answer a line to its output. It imports what
readers need once, and forks a reader process that reads the files.
A reader reads one file after another while they are small and without faults, because to start and
to end a process takes as long as a small file. After a large file or a fault the process ends, and
with it everything that the file has left in its memory.
The kernel's limits are set before the first byte is read. An alarm of the kernel ends the reader in
time even if nobody waits for it any more.

An order is `{"source", "target", "room", "account", "limits"}`: see conversion.convert_file, where
"room" is the folder. An answer is `[code, fault]`: `[0, null]` if the file was read,
`[1, {"code", "facts"}]` with the WorkbookError if not, and `[code, null]` with the exit code of a
reader that died.
"""

import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

_PR_SET_PDEATHSIG = 1
_ORDERS, _ANSWERS = 0, 1  # file descriptors
_SMALL_READER = 64 * 1024  # KiB of memory; a reader that ever had more ends after its file
_ALARM_DELAY = 5  # seconds by which the kernel's alarm comes after the server's own limit

ReadOrder = dict[str, Any]
ReadFault = dict[str, Any]  # code and facts of a WorkbookError


class ReaderAnswer(NamedTuple):
    """The answer of a reader; `stays` if it waits for another file."""

    code: int
    fault: ReadFault | None
    stays: bool


def serve_orders() -> None:
    """Have the file of each order read, until the input ends."""
    # Only what nearly every file needs: to import the other readers takes longer than it saves.
    for module in (".conversion", ".xls", "encodings.utf_16_le"):
        importlib.import_module(module, __package__)
    # Without garbage collection xlrd takes a third less time; a reader with much garbage ends soon.
    gc.disable()
    gc.freeze()
    reader: _ReaderProcess | None = None
    with open(_ORDERS, "rb", closefd=False) as orders:
        for order in iter(orders.readline, b""):
            limits = json.loads(order)["limits"]
            if reader is None or not reader.check_or_end(limits):
                reader = _ReaderProcess(limits)
            answer = reader.read_file(order)
            if not answer.stays:
                reader = None
            os.write(_ANSWERS, json.dumps([answer.code, answer.fault]).encode() + b"\n")


class _ReaderProcess:
    """A forked process that reads files under the same limits, as its parent sees it."""

    def __init__(self, limits: dict[str, int]) -> None:
        server_pid = os.getpid()
        self._limits = limits
        self._socket, reader_socket = socket.socketpair()
        self._pid = os.fork()
        if not self._pid:
            self._socket.close()
            _run_reader(reader_socket, limits, server_pid)
        reader_socket.close()

    def check_or_end(self, limits: dict[str, int]) -> bool:
        """Return whether the process can read a file under these limits; end it if it cannot."""
        has_ended = bool(os.waitpid(self._pid, os.WNOHANG)[0])
        if has_ended:
            self._socket.close()
            return False
        if limits != self._limits:
            self._end()
            return False
        return True

    def read_file(self, order: bytes) -> ReaderAnswer:
        """Have the process read a file. It ends after it, unless the answer says `stays`."""
        with suppress(ConnectionError):  # the process has just died
            self._socket.sendall(order)
        line = self._receive_line()
        if line:
            answer = ReaderAnswer(*json.loads(line))
            if not answer.stays:
                self._end()
            return answer
        exit_code = self._end()
        is_timeout = line is None
        return ReaderAnswer(-signal.SIGALRM if is_timeout else exit_code, None, stays=False)

    def _receive_line(self) -> bytes | None:
        """Return the line that the process sends, b"" if it dies, None if it takes too long.

        None too if the server's input ends meanwhile: nobody waits for the answer then.
        """
        line, deadline = b"", time.monotonic() + self._limits["seconds"]
        inputs: list[Any] = [self._socket, _ORDERS]
        while True:
            ready = select.select(inputs, [], [], max(0, deadline - time.monotonic()))[0]
            if ready != [self._socket]:
                return None
            data = b""
            with suppress(ConnectionError):  # the process has died while it sent
                data = self._socket.recv(65_536)
            line += data
            if not data:
                return b""
            if line.endswith(b"\n"):
                return line

    def _end(self) -> int:
        """Kill the process, if it still runs, and return its exit code."""
        self._socket.close()
        os.kill(self._pid, signal.SIGKILL)  # without effect on a process that has ended
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _run_reader(server: socket.socket, limits: dict[str, int], server_pid: int) -> NoReturn:
    """Read the files that the server orders: all that the forked process does."""
    try:
        null_file = os.open(os.devnull, os.O_RDWR)
        os.dup2(null_file, _ORDERS)
        os.dup2(null_file, _ANSWERS)
        _end_with_parent(server_pid)
        _apply_kernel_limits(limits)
        with server.makefile("rb") as orders:
            for order in iter(orders.readline, b""):
                signal.alarm(limits["seconds"] + _ALARM_DELAY)
                # Freed only after the answer: to free a large workbook takes time.
                held_objects: list[object] = []
                fault = execute_order(json.loads(order), held_objects)
                signal.alarm(0)
                peak_memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                stays = not fault and peak_memory < _SMALL_READER
                answer = ReaderAnswer(int(bool(fault)), fault, stays)
                server.sendall(json.dumps(answer).encode() + b"\n")
                if not stays:
                    break
    finally:
        os._exit(2)  # without freeing millions of objects one by one


def execute_order(order: ReadOrder, held_objects: list[object]) -> ReadFault | None:
    """Read a file, and append what was read to `held_objects`. Return None, or what went wrong."""
    limits = order["limits"]
    source, target, folder = (Path(order[name]) for name in ("source", "target", "room"))
    from .errors import WorkbookError

    try:
        from .conversion import convert_file
        from .limits import Limits

        result = convert_file(source, target, folder, order["account"], Limits(**limits))
        held_objects.append(result)
    except WorkbookError as error:
        return {"code": error.code, "facts": error.facts}
    except MemoryError:
        gc.collect()
        return {"code": "memory", "facts": {"limit": limits["memory"]}}
    except BaseException as error:  # noqa: BLE001  xlrd, openpyxl, lxml and zipfile raise any error
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).stem}.{frame.name}"
        return {"code": "corrupt", "facts": {"cause": type(error).__name__, "at": place}}
    return None


def _apply_kernel_limits(limits: dict[str, int]) -> None:
    """Limit memory and the size of a written file; a process cannot raise such limits again.

    Limits that the system does not have are left out.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    kernel_limits = {
        "RLIMIT_AS": limits["memory"],
        "RLIMIT_FSIZE": limits["uncompressed"],
        "RLIMIT_CORE": 0,
    }
    for name, value in kernel_limits.items():
        with suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, name), (value, value))


def _end_with_parent(parent_pid: int) -> None:
    """Let the kernel kill this process when its parent ends (on Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # the parent had ended before
        os._exit(2)


if __name__ == "__main__":
    serve_orders()
