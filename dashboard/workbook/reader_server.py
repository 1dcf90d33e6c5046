"""The reader server: `python -m dashboard.workbook.reader_server`.

The server reads one order per line from its standard input, and writes one answer per line to its
standard output. It imports once what reading needs, and forks a reader process, which reads the
files. Limits of the kernel bind the reader process before it reads the first byte, and it can open
no file but its input, its output and the libraries (see privileges); an alarm of the kernel ends it
in time even if the server has died.
Starting and ending a process takes as long as reading a small file, so a reader process reads
several files. It ends after a large file and after a fault (a file that could not be read), so that
nothing of that file stays in memory.

An order is `{"folder", "source", "target", "room", "account", "limits", "results"}`. "folder" is
all that the reader process may use: it reads below `folder/input` and writes below `folder/output`
and `folder/unpacked`. The others are the arguments of conversion.convert_file; "room" is its
argument `folder`, and "results" is null or has the fields of a ResultsSource. An answer is
`[code, fault]`:

- `[0, null]`: the file was read
- `[1, {"code", "facts"}]`: a WorkbookError with this code and these facts
- `[code, null]`: the reader process died with this exit code
"""

import ctypes
import gc
import importlib
import json
import mimetypes
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
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .privileges import drop_privileges

if TYPE_CHECKING:
    from .result_collector import ResultsSource

_PR_SET_PDEATHSIG = 1  # the option of prctl for a signal at the end of the parent
_ORDERS, _ANSWERS = 0, 1  # file descriptors
_SMALL_READER = 64 * 1024  # KiB of memory; a reader process that ever had more ends after its file
_ALARM_DELAY = 5  # seconds from the server's own time limit to the alarm of the kernel
_LARGEST_ANSWER = 2**20  # bytes; a reader process that sends more is out of control

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
    mimetypes.init()  # openpyxl uses it; it reads files that the reader process may not open
    # Without garbage collection xlrd takes a third less time. A reader process with much garbage
    # ends after its file anyway.
    gc.disable()
    gc.freeze()
    reader: _ReaderProcess | None = None
    with open(_ORDERS, "rb", closefd=False) as orders:
        for order in iter(orders.readline, b""):
            values = json.loads(order)
            conditions = _Conditions(values["folder"], values["limits"])
            if reader is None or not reader.check_or_end(conditions):
                reader = _ReaderProcess(conditions)
            answer = reader.read_file(order)
            if not answer.stays:
                reader = None
            os.write(_ANSWERS, json.dumps([answer.code, answer.fault]).encode() + b"\n")


class _Conditions(NamedTuple):
    """What binds a reader process for its whole life: its folder and its limits."""

    folder: str
    limits: dict[str, int]


class _ReaderProcess:
    """The server's view of a reader process; all its files are read under the same conditions."""

    def __init__(self, conditions: _Conditions) -> None:
        server_pid = os.getpid()
        self._conditions = conditions
        self._socket, reader_socket = socket.socketpair()
        self._pid = os.fork()
        if not self._pid:  # in the forked process
            self._socket.close()
            _run_reader(reader_socket, conditions, server_pid)  # does not return
        reader_socket.close()

    def check_or_end(self, conditions: _Conditions) -> bool:
        """Return whether the process can read another file under these conditions.

        End the process if it cannot.
        """
        has_ended = bool(os.waitpid(self._pid, os.WNOHANG)[0])
        if has_ended:
            self._socket.close()
            return False
        if conditions != self._conditions:
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

        A line that is too long counts as the end of the process.
        Also return None if the server's input ends: then no process waits for the answer.
        """
        line, deadline = b"", time.monotonic() + self._conditions.limits["seconds"]
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
            if not data or len(line) > _LARGEST_ANSWER:
                return b""
            if line.endswith(b"\n"):
                return line

    def _end(self) -> int:
        """Kill the process if it still runs, and return its exit code; -9 if it was killed."""
        self._socket.close()
        os.kill(self._pid, signal.SIGKILL)  # without effect on a process that has ended
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _run_reader(server: socket.socket, conditions: _Conditions, server_pid: int) -> NoReturn:
    """Read files on the orders of the server; this is the whole life of a reader process."""
    folder, limits = Path(conditions.folder), conditions.limits
    try:
        null_file = os.open(os.devnull, os.O_RDWR)
        os.dup2(null_file, _ORDERS)
        os.dup2(null_file, _ANSWERS)
        end_with_parent(server_pid, signal.SIGKILL)
        _apply_kernel_limits(limits)
        drop_privileges([folder / "input"], [folder / "output", folder / "unpacked"])
        with server.makefile("rb") as orders:
            for order in iter(orders.readline, b""):
                signal.alarm(limits["seconds"] + _ALARM_DELAY)
                # Keeps a large workbook in memory until the answer is sent: freeing it takes time.
                held_objects: list[object] = []
                fault = execute_order(json.loads(order), held_objects)
                signal.alarm(0)
                stays = not fault and _is_small(limits)
                answer = ReaderAnswer(int(bool(fault)), fault, stays)
                server.sendall(json.dumps(answer).encode() + b"\n")
                if not stays:
                    break
    finally:
        os._exit(2)  # end at once, without freeing millions of objects one by one


def _is_small(limits: dict[str, int]) -> bool:
    """Return whether this process took little memory, and leaves the next file all its time."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used_seconds = usage.ru_utime + usage.ru_stime
    return usage.ru_maxrss < _SMALL_READER and used_seconds < limits["seconds"]


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

        results = _build_results_source(order.get("results"))
        result = convert_file(source, target, folder, order["account"], Limits(**limits), results)
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


def _build_results_source(fields: dict[str, Any] | None) -> "ResultsSource | None":
    from .result_collector import ResultsSource

    if fields is None:
        return None
    path = Path(fields["path"]) if fields["path"] else None
    return ResultsSource(path, fields["error_code"], fields["error_facts"])


def _apply_kernel_limits(limits: dict[str, int]) -> None:
    """Limit the memory and the processor time of this process and the size of its files.

    The limit of processor time is for its whole life (see _is_small). The process cannot remove
    such limits again. A limit that the system does not know is left out.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    processor_seconds = 2 * limits["seconds"] + _ALARM_DELAY
    kernel_limits = {
        "RLIMIT_AS": (limits["memory"], limits["memory"]),
        "RLIMIT_FSIZE": (limits["uncompressed"], limits["uncompressed"]),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_CPU": (processor_seconds, processor_seconds + 1),  # SIGXCPU, then SIGKILL
    }
    for name, soft_and_hard in kernel_limits.items():
        with suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, name), soft_and_hard)


def end_with_parent(parent_pid: int, signal_number: int) -> None:
    """Let the kernel send this process the signal when its parent ends (on Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent_pid:  # the parent had already ended
        os._exit(2)


if __name__ == "__main__":
    serve_orders()
