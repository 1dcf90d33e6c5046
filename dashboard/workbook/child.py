"""The process that has files read: `python -m dashboard.workbook.child`, an order a line in, an answer a line out.

What a reader imports is imported once: readers are forks. One reads file after file for as long as they are small and
give no trouble, since its start and end cost as much as a small file; whatever a file broke, or left behind in
quantity, ends with its reader. The machine's limits bind it before the first byte; a clock in the kernel ends it even
where nobody waits any more.
An answer is `[code, fault]`: 0, 1 and the `{"code", "facts"}` of what went wrong, or the code with which a reader died.
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
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_ORDERS, _ANSWERS = 0, 1
_SMALL = 64 * 1024  # KiB that a reader may ever have taken and stay


def serve() -> None:
    """Have files read, one after the other, until whoever asks has gone."""
    # The readers of rarer kinds would cost every start more than they save.
    for module in (".book", ".xls", "encodings.utf_16_le"):
        importlib.import_module(module, __package__)
    gc.disable()  # a third of xlrd's time is saved; the cycles that a reader collects end with it (see _SMALL)
    gc.freeze()
    reader = None
    with open(_ORDERS, "rb", closefd=False) as orders:
        for order in iter(orders.readline, b""):
            limits = json.loads(order)["limits"]
            if reader and not reader.waits(limits):
                reader = None
            reader = reader or _Reader(limits)
            code, fault, stays = reader.answer(order)
            if not stays:
                reader = None
            os.write(_ANSWERS, json.dumps([code, fault]).encode() + b"\n")


class _Reader:
    """A fork that reads files under the same limits, as its parent knows it."""

    def __init__(self, limits: dict[str, int]) -> None:
        parent = os.getpid()
        self._limits = limits
        self._line, its = socket.socketpair()
        self._pid = os.fork()
        if not self._pid:
            self._line.close()
            _read(its, limits, parent)
        its.close()

    def waits(self, limits: dict[str, int]) -> bool:
        """Whether it is there for a next file under these limits; if not, it is gone afterwards."""
        if os.waitpid(self._pid, os.WNOHANG)[0]:
            self._line.close()
            return False
        if limits != self._limits:
            self._end()
        return limits == self._limits

    def answer(self, order: bytes) -> tuple[int, dict[str, Any] | None, bool]:
        """Have it read a file: code and fault of the answer, and whether it stays for another one."""
        with suppress(ConnectionError):  # it died this very moment
            self._line.sendall(order)
        said = self._heard()
        code, fault, stays = json.loads(said) if said else (0, None, False)
        if stays:
            return code, fault, True
        died = self._end()
        if said:
            return code, fault, False
        return (-signal.SIGALRM if said is None else died), None, False

    def _heard(self) -> bytes | None:
        """The line it says, nothing if it dies; None where it takes too long, or where nobody waits any more."""
        said, end = b"", time.monotonic() + self._limits["seconds"]
        either: list[Any] = [self._line, _ORDERS]
        while select.select(either, [], [], max(0, end - time.monotonic()))[0] == [self._line]:
            more = b""
            with suppress(ConnectionError):  # it died in the middle of it
                more = self._line.recv(65_536)
            said += more
            if not more or said.endswith(b"\n"):
                return said if more else b""
        return None

    def _end(self) -> int:
        """The code with which it ended, now at the latest."""
        self._line.close()
        os.kill(self._pid, signal.SIGKILL)  # does nothing to one that has ended
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _read(line: socket.socket, limits: dict[str, int], parent: int) -> NoReturn:
    """The fork's whole life."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, _ORDERS)
        os.dup2(nothing, _ANSWERS)
        _die_with(parent)
        _confine(limits)
        with line.makefile("rb") as orders:
            for order in iter(orders.readline, b""):
                signal.alarm(limits["seconds"] + 5)
                held: list[
                    object
                ] = []  # until the answer has been given: to take it apart costs time
                fault = attempt(json.loads(order), held)
                signal.alarm(0)
                stays = not fault and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < _SMALL
                line.sendall(json.dumps([int(bool(fault)), fault, stays]).encode() + b"\n")
                if not stays:
                    break
    finally:
        os._exit(2)  # without taking millions of objects apart one by one


def attempt(order: dict[str, Any], held: list[object]) -> dict[str, Any] | None:
    """Read the file and hold what was read; None, or the code and facts of what went wrong, whatever it was."""
    limits = order["limits"]
    source, target, room = (Path(order[name]) for name in ("source", "target", "room"))
    from .errors import WorkbookError

    try:
        from .book import convert
        from .limits import Limits

        held.append(convert(source, target, room, order["account"], Limits(**limits)))
    except WorkbookError as fault:
        return {"code": fault.code, "facts": fault.facts}
    except MemoryError:
        gc.collect()
        return {"code": "memory", "facts": {"limit": limits["memory"]}}
    except BaseException as fault:  # noqa: BLE001  xlrd, openpyxl, lxml and zipfile raise whatever they like
        where = traceback.extract_tb(fault.__traceback__)[-1]
        cause = {"cause": type(fault).__name__, "at": f"{Path(where.filename).stem}.{where.name}"}
        return {"code": "corrupt", "facts": cause}
    return None


def _confine(limits: dict[str, int]) -> None:
    """Limits of the kernel on memory and the size of a file written, which nothing raises again; those it has."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    bounds = {
        "RLIMIT_AS": limits["memory"],
        "RLIMIT_FSIZE": limits["uncompressed"],
        "RLIMIT_CORE": 0,
    }
    for bound, value in bounds.items():
        with suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, bound), (value, value))


def _die_with(parent: int) -> None:
    """Where the kernel can (Linux), have it end this process as soon as the one that asked is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before this could be said
        os._exit(2)


if __name__ == "__main__":
    serve()
