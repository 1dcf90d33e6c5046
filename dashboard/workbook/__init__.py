"""Read a report file, and write what it contains as a stored form.

Reading finds the kind of the file, its sheets, the meaning of their columns, and the evaluations
(the status of one resource under one rule). The stored form is a zip of JSON (see stored_form).
"""

from .cells import Cell
from .contents import (
    NO_SHEET,
    READER_VERSION,
    Contents,
    EvaluationGroup,
    EvaluationRow,
    RuleInfo,
    SheetInfo,
    SourceCode,
)
from .errors import WorkbookError
from .identity_values import make_name_key, make_rule_key
from .limits import Limits
from .privileges import find_missing_protections
from .reader_client import read_file, start_reader
from .status_codes import StatusCode
from .stored_form import FORM_VERSION, DamagedFormError, StoredForm
from .times import parse_moment

__all__ = [
    "FORM_VERSION",
    "NO_SHEET",
    "READER_VERSION",
    "Cell",
    "Contents",
    "DamagedFormError",
    "EvaluationGroup",
    "EvaluationRow",
    "Limits",
    "RuleInfo",
    "SheetInfo",
    "SourceCode",
    "StatusCode",
    "StoredForm",
    "WorkbookError",
    "find_missing_protections",
    "make_name_key",
    "make_rule_key",
    "parse_moment",
    "read_file",
    "start_reader",
]
