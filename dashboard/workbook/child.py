"""The process that has files read: `python -m dashboard.workbook.child`, an order a line in, an answer a line out.

What a reader imports is imported once: readers are forks. One reads file after file for as long as they are small and
give no trouble; whatever a file broke, or left behind, ends with its reader. The machine's limits bind it before the
first byte; a clock in the kernel ends it even where nobody waits any more.
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
    gc.disable()  # no cycles that matter arise within one file, and a third of xlrd's time is saved
    gc.freeze()
    reader = None
    with open(_ORDERS, "rb", closefd=False) as orders:
        for order in iter(orders.readline, b""):
            if reader is None or not reader.lives():
                reader = _Reader()
            code, fault, stays = reader.answer(order)
            if not stays:
                reader = None
            os.write(_ANSWERS, json.dumps([code, fault]).encode() + b"\n")


class _Reader:
    """A fork that reads files, as its parent knows it."""

    def __init__(self) -> None:
        parent = os.getpid()
        its_orders, self._orders = os.pipe()
        self._answers, its_answers = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            _read(its_orders, its_answers, parent)
        os.close(its_orders)
        os.close(its_answers)

    def lives(self) -> bool:
        """Whether it still waits for a next file."""
        return not os.waitpid(self._pid, os.WNOHANG)[0]

    def answer(self, order: bytes) -> tuple[int, dict[str, Any] | None, bool]:
        """Have it read a file: code and fault of the answer, and whether it stays for another one."""
        with suppress(BrokenPipeError):  # it died this very moment
            os.write(self._orders, order)
        said = self._heard(json.loads(order)["limits"]["seconds"])
        if said:
            code, fault, stays = json.loads(said)
            if stays:
                return code, fault, True
        os.kill(self._pid, signal.SIGKILL)  # does nothing to one that has ended
        died = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        os.close(self._orders)
        os.close(self._answers)
        if said:
            return code, fault, False
        return (-signal.SIGALRM if said is None else died), None, False

    def _heard(self, seconds: float) -> bytes | None:
        """The line it says, nothing if it dies; None where it takes too long, or where nobody waits any more."""
        said, end = b"", time.monotonic() + seconds
        while select.select([self._answers, _ORDERS], [], [], max(0, end - time.monotonic()))[0] == [self._answers]:
            more = os.read(self._answers, 65_536)
            said += more
            if not more or said.endswith(b"\n"):
                return said if more else b""
        return None


def _read(orders: int, answers: int, parent: int) -> NoReturn:
    """The fork's whole life."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, _ORDERS)
        os.dup2(nothing, _ANSWERS)
        _die_with(parent)
        with open(orders, "rb") as waiting:
            for line in iter(waiting.readline, b""):
                order = json.loads(line)
                _confine(order["limits"])
                fault = attempt(order)
                signal.alarm(0)
                stays = not fault and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < _SMALL
                os.write(answers, json.dumps([int(bool(fault)), fault, stays]).encode() + b"\n")
                if not stays:
                    break
    finally:
        os._exit(2)  # without taking millions of objects apart one by one


def attempt(order: dict[str, Any]) -> dict[str, Any] | None:
    """Read the file; None, or the code and facts of what went wrong, whatever it was."""
    limits = order["limits"]
    from .errors import WorkbookError

    try:
        from .book import convert
        from .limits import Limits

        convert(Path(order["source"]), Path(order["target"]), Path(order["room"]), order["account"], Limits(**limits))
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
    """Limits of the kernel on time, memory and the size of a file written, for the next file."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(limits["seconds"] + 5)
    bounds = ((resource.RLIMIT_AS, "memory"), (resource.RLIMIT_FSIZE, "uncompressed"))
    for bound, value in ((resource.RLIMIT_CORE, 0), *((bound, limits[name]) for bound, name in bounds)):
        with suppress(OSError, ValueError):  # what the platform lacks
            resource.setrlimit(bound, (value, resource.getrlimit(bound)[1]))


def _die_with(parent: int) -> None:
    """Where the kernel can (Linux), have it end this process as soon as the one that asked is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before this could be said
        os._exit(2)


if __name__ == "__main__":
    serve()
