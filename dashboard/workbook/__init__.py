"""Bytes to sheets to evaluations: what kind of file, reading it, recognising its columns."""

from .cells import Cell
from .codes import Status
from .contents import READER, Contents, Evaluated, Group, Member, Note, RuleInfo, SheetInfo
from .errors import WorkbookError
from .limits import Limits
from .process import read, warm
from .stored import FORM, Reading
from .times import instant

__all__ = [
    "FORM",
    "READER",
    "Cell",
    "Contents",
    "Evaluated",
    "Group",
    "Limits",
    "Member",
    "Note",
    "Reading",
    "RuleInfo",
    "SheetInfo",
    "Status",
    "WorkbookError",
    "instant",
    "read",
    "warm",
]
