"""The process that has files read: `python -m dashboard.workbook.child`, an order a line in, an answer a line out.

What a reader imports is imported once. Each file is read in a fork of its own, which knows of no file before it and
which the machine's limits bind before the first byte; a clock in the kernel ends it even where nobody waits any more.
The fork says nothing, or `{"code", "facts"}` of what went wrong; the answer is its exit code and what it said.
"""

import gc
import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_ORDERS, _ANSWERS = 0, 1


def serve() -> None:
    """Have files read, one after the other, until whoever asks has gone."""
    for module in (".book", ".xls"):  # the readers of rarer kinds would cost every start more than they save
        importlib.import_module(module, __package__)
    gc.disable()  # no cycles that matter arise within one file, and a third of xlrd's time is saved
    gc.freeze()
    sys.setswitchinterval(0.0002)  # seconds: the thread that compresses (see stored.py) asks for its turn very often
    with open(_ORDERS, "rb", closefd=False) as orders:
        for order in iter(orders.readline, b""):
            os.write(_ANSWERS, json.dumps(_answer(json.loads(order))).encode() + b"\n")


def _answer(order: dict[str, Any]) -> tuple[int, str]:
    """Have a fork read the file; its exit code, negative for a signal, and what it said."""
    parent = os.getpid()
    ours, its = os.pipe()
    reader = os.fork()
    if not reader:
        _read(order, its, parent)
    os.close(its)
    said = _heard(ours, order["limits"]["seconds"])
    os.close(ours)
    os.kill(reader, signal.SIGKILL)  # does nothing to one that has ended
    code = os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1])
    return (-signal.SIGALRM, "") if said is None else (code, said.decode(errors="replace"))


def _heard(reader: int, seconds: float) -> bytes | None:
    """All that a reader says; None where it takes too long, or where nobody waits for it any more."""
    said, end = b"", time.monotonic() + seconds
    while select.select([reader, _ORDERS], [], [], max(0, end - time.monotonic()))[0] == [reader]:
        if not (more := os.read(reader, 65_536)):
            return said
        said += more
    return None


def _read(order: dict[str, Any], answer: int, parent: int) -> NoReturn:
    """The fork's whole life."""
    code = 2
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, _ORDERS)
        os.dup2(nothing, _ANSWERS)
        limits = order["limits"]
        _confine(limits["seconds"], limits["memory"], limits["uncompressed"], parent)
        refusal = attempt(order)
        code = int(refusal is not None)
        if refusal:
            os.write(answer, json.dumps(refusal).encode())
    finally:
        os._exit(code)  # without taking millions of objects apart one by one


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


def _confine(seconds: int, memory: int, size: int, parent: int) -> None:
    """Limits of the kernel on time, memory and the size of a file written; those the platform lacks are left out."""
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds + 5)
    try:
        import resource
    except ImportError:
        return
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, size), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            continue
    _die_with(parent)


def _die_with(parent: int) -> None:
    """Where the kernel can (Linux), have it end this process as soon as the one that asked is gone."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before this could be said
        os._exit(2)


if __name__ == "__main__":
    serve()
