"""The record of an evaluation in this product's own exports.

The other columns of an export are for people: times have no seconds, statuses are words. The
record is one text with what they lose, so that an export reads back to the same evaluations.
"""

import re
from typing import NamedTuple

from .contents import SourceCode

# Key in hexadecimal digits, then source, status in the results, failing since, fixed at.
_RECORD = re.compile(r"([0-9a-f]{16}) ([123]) ([0-5]) (\d{1,15}) (\d{1,15})", re.ASCII)


class EvaluationRecord(NamedTuple):
    """The key of an evaluation, and what evaluation results say of it (see EvaluationRow)."""

    key: int
    source: int = SourceCode.FILE.value
    results_status: int = 0
    failing_since_ms: int = 0
    fixed_at_ms: int = 0


def format_record(record: EvaluationRecord) -> str:
    """Return a record as text: `3f9ac21e0b7d4e11 3 0 1788566400123 0`."""
    key, *values = record
    return f"{key:016x} {' '.join(map(str, values))}"


def parse_record(text: str) -> EvaluationRecord | None:
    """Return the record of a text; None if it is none, or contradicts itself."""
    match = _RECORD.fullmatch(text.strip())
    if match is None:
        return None
    key, *values = match.groups()
    record = EvaluationRecord(int(key, 16), *map(int, values))
    is_of_file = record.source == SourceCode.FILE
    if record.key >= 2**63 or (is_of_file and any(record[2:])):
        return None
    if record.results_status and record.source != SourceCode.BOTH:
        return None
    return record
