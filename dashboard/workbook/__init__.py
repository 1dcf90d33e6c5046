"""Read a report file: its kind, its sheets, the meaning of its columns, its evaluations."""

from .cells import Cell
from .contents import READER_VERSION, Contents, EvaluationGroup, EvaluationRow, RuleInfo, SheetInfo
from .errors import WorkbookError
from .limits import Limits
from .reader_client import read_file, start_reader
from .status_codes import StatusCode
from .stored_form import FORM_VERSION, StoredForm
from .times import parse_moment

__all__ = [
    "FORM_VERSION",
    "READER_VERSION",
    "Cell",
    "Contents",
    "EvaluationGroup",
    "EvaluationRow",
    "Limits",
    "RuleInfo",
    "SheetInfo",
    "StatusCode",
    "StoredForm",
    "WorkbookError",
    "parse_moment",
    "read_file",
    "start_reader",
]
