"""The reader server: `python -m dashboard.workbook.reader_server`.

The server reads one order per line from its standard input, and writes one answer per line to its
standard output. It imports once what reading needs, and forks a reader process, which reads the
files. Limits of the kernel bind the reader process before it reads the first byte; an alarm of the
kernel ends it in time even if the server has died.
Starting and ending a process takes as long as reading a small file, so a reader process reads
several files. It ends after a large file and after a fault (a file that could not be read), so that
nothing of that file stays in memory.

An order is `{"source", "target", "room", "account", "limits"}`, the arguments of
conversion.convert_file; "room" is its argument `folder`. An answer is `[code, fault]`:

- `[0, null]`: the file was read
- `[1, {"code", "facts"}]`: a WorkbookError with this code and these facts
- `[code, null]`: the reader process died with this exit code
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

_PR_SET_PDEATHSIG = 1  # the option of prctl for a signal at the end of the parent
_ORDERS, _ANSWERS = 0, 1  # file descriptors
_SMALL_READER = 64 * 1024  # KiB of memory; a reader process that ever had more ends after its file
_ALARM_DELAY = 5  # seconds from the server's own time limit to the alarm of the kernel

ReadOrder = dict[str, Any]
ReadFault = dict[str, Any]  # why a file could not be read: code and facts of a WorkbookError


class ReaderAnswer(NamedTuple):
    """The answer of a reader process; with `stays`, the process waits for another file."""

    code: int
    fault: ReadFault | None
    stays: bool


def serve_orders() -> None:
    """Let a reader process read the file of each order, until the input ends."""
    # Import only what nearly every file needs; rare kinds of files import their reader themselves.
    for module in (".conversion", ".xls", "encodings.utf_16_le"):
        importlib.import_module(module, __package__)
    # Without garbage collection xlrd takes a third less time. A reader process with much garbage
    # ends after its file anyway.
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
    """The server's view of a reader process, which reads all its files under the same limits."""

    def __init__(self, limits: dict[str, int]) -> None:
        server_pid = os.getpid()
        self._limits = limits
        self._socket, reader_socket = socket.socketpair()
        self._pid = os.fork()
        if not self._pid:  # in the forked process
            self._socket.close()
            _run_reader(reader_socket, limits, server_pid)  # does not return
        reader_socket.close()

    def check_or_end(self, limits: dict[str, int]) -> bool:
        """Return whether the process can read another file under these limits.

        End the process if it cannot.
        """
        has_ended = bool(os.waitpid(self._pid, os.WNOHANG)[0])
        if has_ended:
            self._socket.close()
            return False
        if limits != self._limits:
            self._end()
            return False
        return True

    def read_file(self, order: bytes) -> ReaderAnswer:
        """Let the process read a file, and return its answer, or its exit code if it died.

        End the process afterwards, unless the answer has `stays`.
        """
        with suppress(ConnectionError):  # raised if the process has died
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
        """Return the line that the process sends; b"" if it dies, None if it takes too long.

        Also return None if the server's input ends: then no process waits for the answer.
        """
        line, deadline = b"", time.monotonic() + self._limits["seconds"]
        inputs: list[Any] = [self._socket, _ORDERS]
        while True:
            seconds_left = max(0, deadline - time.monotonic())
            ready, _writable, _exceptional = select.select(inputs, [], [], seconds_left)
            if ready != [self._socket]:
                return None
            data = b""
            with suppress(ConnectionError):  # raised if the process died while it sent
                data = self._socket.recv(65_536)
            line += data
            if not data:
                return b""
            if line.endswith(b"\n"):
                return line

    def _end(self) -> int:
        """Kill the process if it still runs, and return its exit code; -9 if it was killed."""
        self._socket.close()
        os.kill(self._pid, signal.SIGKILL)  # without effect on a process that has ended
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _run_reader(server: socket.socket, limits: dict[str, int], server_pid: int) -> NoReturn:
    """Read files on the orders of the server; this is the whole life of a reader process."""
    try:
        null_file = os.open(os.devnull, os.O_RDWR)
        os.dup2(null_file, _ORDERS)
        os.dup2(null_file, _ANSWERS)
        _end_with_parent(server_pid)
        _apply_kernel_limits(limits)
        with server.makefile("rb") as orders:
            for order in iter(orders.readline, b""):
                signal.alarm(limits["seconds"] + _ALARM_DELAY)
                # Keeps a large workbook in memory until the answer is sent: freeing it takes time.
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
        os._exit(2)  # end at once, without freeing millions of objects one by one


def execute_order(order: ReadOrder, held_objects: list[object]) -> ReadFault | None:
    """Read a file; return None, or why it could not be read.

    Append the objects that were read to `held_objects`, which keeps them in memory.
    """
    limits = order["limits"]
    source, target, folder = (Path(order[name]) for name in ("source", "target", "room"))
    from .errors import WorkbookError, is_machine_error

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
        if is_machine_error(error):
            return {"machine_error": getattr(error, "errno", None)}
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).stem}.{frame.name}"
        return {"code": "corrupt", "facts": {"cause": type(error).__name__, "at": place}}
    return None


def _apply_kernel_limits(limits: dict[str, int]) -> None:
    """Limit the memory of this process and the size of the files that it writes.

    The process cannot remove such limits again. A limit that the system does not know is left out.
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
    if os.getppid() != parent_pid:  # the parent had already ended
        os._exit(2)


if __name__ == "__main__":
    serve_orders()
