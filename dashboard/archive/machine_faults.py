"""Tell the faults of the machine, which pass, from defects of this program."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

from django.db import InterfaceError, OperationalError

from dashboard.archive.disk import find_write_refusal
from dashboard.archive.location import ArchiveMissingError
from dashboard.database.faults import find_database_fault
from dashboard.workbook import DamagedFormError

# The database is locked, away or restarting; the disk does not answer; there is no memory; a
# stored form turned out to be damaged and is read again.
PASSING_ERRORS = (OperationalError, InterfaceError, OSError, MemoryError, DamagedFormError)
logger = logging.getLogger(__name__)


class MachineFault(NamedTuple):
    """The code and the facts of its explanation (see text/error_messages.py)."""

    code: str
    facts: Mapping[str, str] = MappingProxyType({})


def find_machine_fault(error: BaseException) -> MachineFault | None:
    """Return the fault if the same work may succeed later; None for any other error."""
    if isinstance(error, ArchiveMissingError):
        return MachineFault("archive_missing", {"folder": str(error.folder)})
    if refusal := find_write_refusal(error):
        return MachineFault(refusal)
    if code := find_database_fault(error):
        return MachineFault(code)
    if isinstance(error, PASSING_ERRORS):
        return MachineFault("machine")
    return None


@contextmanager
def log_machine_faults(work: str) -> Iterator[None]:
    """End the block at a fault of the machine and log it; `work` says what is done later."""
    try:
        yield
    except Exception as error:
        if not find_machine_fault(error):
            raise
        logger.warning("%s is done later: %s", work, error)
