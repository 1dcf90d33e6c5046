"""WorkbookError, the exception for every file that cannot be read."""

import errno
from typing import Any, Literal, get_args

Code = Literal[
    "empty",
    "encrypted",
    "compression",
    "oss_error",
    "error_page",
    "truncated",
    "too_large",
    "bomb",
    "unknown",
    "no_report",
    "corrupt",
    "timeout",
    "memory",
    "killed",
    "too_many_members",
    "too_many_cells",
]
CODES: tuple[str, ...] = get_args(Code)


class WorkbookError(Exception):
    """A file that cannot be read.

    `code` is one of CODES. `facts` are details such as the zip member, the limit or the cause.
    """

    def __init__(self, code: Code, **facts: str | int) -> None:
        super().__init__(code, facts)
        self.code: Code = code
        self.facts: dict[str, str | int] = facts

    def __str__(self) -> str:
        return " ".join([self.code, *(f"{name}={value}" for name, value in self.facts.items())])

    def __reduce__(self) -> tuple[Any, ...]:
        """Support pickle, which cannot pass the keyword arguments by itself."""
        return _restore_error, (self.code, self.facts)


def _restore_error(code: Code, facts: dict[str, str | int]) -> WorkbookError:
    return WorkbookError(code, **facts)


# What a disk or a kernel without room answers. It says nothing about the file that is read.
MACHINE_ERRORS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS),
    *(errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN),
}


def is_machine_error(error: BaseException) -> bool:
    """Return whether the machine, and not the file, is the cause of the error."""
    return isinstance(error, OSError) and error.errno in MACHINE_ERRORS
