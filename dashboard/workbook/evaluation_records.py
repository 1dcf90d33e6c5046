"""The record of an evaluation in this product's own exports.

The other columns of an export are for people: times have no seconds, statuses are words. The
record is one text with what they lose, so that an export reads back to the same evaluations. It
holds for its own row only: a row whose rule or resource was changed is read without it.
"""

import re
from typing import NamedTuple

from .contents import EvaluationRow, SourceCode
from .evaluation_hashes import hash_evaluation, hash_identity

# Identity, key and resource in hexadecimal digits, then source, status in the results, failing
# since, fixed at.
_HASHES = " ".join(["([0-9a-f]{16})"] * 3)
_RECORD = re.compile(rf"{_HASHES} ([123]) ([0-5]) (\d{{1,15}}) (\d{{1,15}})", re.ASCII)
_HASHES_END = 2**63  # databases hold 63 bits
_FIRST_VALUE = EvaluationRow._fields.index("source")
_END_OF_VALUES = EvaluationRow._fields.index("resource_group") + 1
_LONGEST_DAY, _LONGEST_GROUP = 32, 64  # characters; the database has no room for more


class EvaluationRecord(NamedTuple):
    """What an export says of an evaluation besides its texts (see EvaluationRow).

    `identity` is a hash of the texts that name rule and resource in the row.
    """

    identity: int
    key: int
    resource: int
    source: int = SourceCode.FILE.value
    results_status: int = 0
    failing_since_ms: int = 0
    fixed_at_ms: int = 0


class RowIdentity(NamedTuple):
    """The texts of a row that name rule and resource, as the export has them."""

    rule_id: str
    rule_name: str
    account: str
    region: str
    resource_type: str
    resource_id: str


def format_record(identity: RowIdentity, key: int, resource: int, *values: int) -> str:
    """Return the record of a row as text; `values` are the fields from `source` on."""
    hashes = f"{hash_identity(*identity):016x} {key:016x} {resource:016x}"
    return f"{hashes} {' '.join(map(str, values))}"


def parse_record(text: str, identity: RowIdentity) -> EvaluationRecord | None:
    """Return the record of a row; None if it is none, contradicts itself, or is of another row."""
    match = _RECORD.fullmatch(text)
    if match is None:
        return None
    parts = match.groups()
    hashes, values = [int(part, 16) for part in parts[:3]], [int(part) for part in parts[3:]]
    record = EvaluationRecord(*hashes, *values)
    is_of_row = record.identity == hash_identity(*identity)
    has_valid_hashes = 0 < record.key < _HASHES_END and record.resource < _HASHES_END
    return record if is_of_row and has_valid_hashes and _is_consistent(record) else None


def _is_consistent(record: EvaluationRecord) -> bool:
    """Return whether the source of a record has the values that the record states."""
    if record.source == SourceCode.BOTH:
        return True
    has_times = record.failing_since_ms or record.fixed_at_ms
    return not record.results_status and not (record.source == SourceCode.FILE and has_times)


def restore_evaluation(
    row: EvaluationRow,
    record: EvaluationRecord,
    *,
    status: int,
    risk: int,
    exempt_until: str,
    resource_group: str,
) -> EvaluationRow:
    """Return the evaluation of a row with what its record and two other columns say."""
    row = row._replace(key=record.key, resource=record.resource)
    if record.source == SourceCode.FILE:
        return row
    row = row._replace(
        source=record.source,
        results_status=record.results_status,
        failing_since_ms=record.failing_since_ms,
        fixed_at_ms=record.fixed_at_ms,
        exempt_until=exempt_until[:_LONGEST_DAY],
        resource_group=resource_group[:_LONGEST_GROUP],
    )
    finding = (row.actual, row.expected, row.operator, row.property_path, row.reason)
    results_values = row[_FIRST_VALUE:_END_OF_VALUES]
    digest = hash_evaluation(status, risk, row.resource_name, finding, results_values)
    return row._replace(digest=digest)
