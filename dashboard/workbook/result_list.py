"""Read the cloud's evaluation results of a pack: a gzip file of JSON lines.

Each line is the body of one answer of ListConfigRuleEvaluationResults, as the cloud sent it.
https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-listconfigruleevaluationresults
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from .errors import WorkbookError
from .identity_values import normalise_account, normalise_region, normalise_rule_id
from .limits import MIB, Limits
from .result_values import ValueReader, read_status
from .status_codes import StatusCode

PART = "evaluation results"  # names the list in the facts of a WorkbookError
_LONGEST_LINE = 16 * MIB  # an answer has at most 100 rows
_LONGEST_ID = 1_000  # characters
_LONGEST_TEXT = 32_767  # characters, as many as a cell of a workbook has
_LONGEST_NUMBER = 18  # digits of an integer that is kept as a number


class ResultRow(NamedTuple):
    """One row of the evaluation results; times are in milliseconds, 0 if not stated."""

    rule_id: str
    rule_name: str
    status: StatusCode | None
    risk: int
    account: str
    region: str
    resource_type: str
    resource_id: str
    resource_name: str
    resource_group: str
    annotation: str
    recorded_ms: int
    failing_since_ms: int
    fixed_at_ms: int
    exempt_until: str
    trigger: str
    status_text: str
    has_odd_value: bool

    @property
    def is_complete(self) -> bool:
        """Whether the row names a rule and a resource."""
        return bool((self.rule_id or self.rule_name) and (self.resource_id or self.resource_name))


def read_answers(path: Path, limits: Limits) -> Iterator[list[Any]]:
    """Yield the rows of each answer in a list.

    Raise WorkbookError for a file that is no such list, is damaged, or exceeds a limit.
    """
    row_count = 0
    for answer, line in enumerate(_read_lines(path, limits), 1):
        rows = _find_rows(_decode_line(line, answer), answer)
        row_count += len(rows)
        if row_count > limits.result_rows:
            raise WorkbookError("too_large", part=PART, limit=limits.result_rows, unit="rows")
        yield rows


def _read_lines(path: Path, limits: Limits) -> Iterator[bytes]:
    size = 0
    try:
        with gzip.open(path, "rb") as file:
            while line := _read_line(file):
                size += len(line)
                if size > limits.uncompressed:
                    raise WorkbookError("bomb", part=PART, limit=limits.uncompressed)
                if not line.isspace():
                    yield line
    except EOFError as error:
        raise WorkbookError("truncated", part=PART) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise WorkbookError("corrupt", part=PART, cause="gzip") from error


def _read_line(file: gzip.GzipFile) -> bytes:
    line = file.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise WorkbookError("too_large", part=PART, limit=_LONGEST_LINE, unit="bytes")
    return line


def _decode_line(line: bytes, answer: int) -> Any:
    """Return the JSON of an answer.

    orjson refuses half surrogate pairs and numbers that no float can hold; json accepts both.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            text = line.decode("utf-8", "replace")
            return json.loads(text, strict=False, parse_int=_parse_integer)
        except (ValueError, RecursionError) as error:
            raise WorkbookError("corrupt", part=PART, cause="JSON", answer=answer) from error


def _parse_integer(digits: str) -> int | str:
    """Return an integer; leave one with very many digits as a text."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _find_rows(body: Any, answer: int) -> list[Any]:
    """Return the rows of an answer; raise WorkbookError if it has another shape."""
    results = body.get("EvaluationResults") if isinstance(body, dict) else None
    rows = results.get("EvaluationResultList") if isinstance(results, dict) else None
    if not isinstance(results, dict) or not isinstance(rows, (list, type(None))):
        raise WorkbookError("corrupt", part=PART, cause="answer", answer=answer)
    return rows or []


def find_qualifier(row: Any) -> Mapping[str, Any]:
    """Return the object of a row that names rule and resource; an empty one if there is none."""
    identifier = row.get("EvaluationResultIdentifier") if isinstance(row, dict) else None
    qualifier = identifier.get("EvaluationResultQualifier") if isinstance(identifier, dict) else {}
    return qualifier if isinstance(qualifier, dict) else {}


def parse_rule(row: Any) -> tuple[str, str, int]:
    """Return the id, the name and the risk of the rule that a row names; "" or 0 if not stated."""
    qualifier = find_qualifier(row)
    reader = ValueReader()
    rule_id = normalise_rule_id(reader.read_text(qualifier, "ConfigRuleId", _LONGEST_ID))
    risk = reader.read_risk(row, "RiskLevel") if isinstance(row, dict) else 0
    return rule_id, reader.read_text(qualifier, "ConfigRuleName", _LONGEST_ID), risk


def parse_row(row: Any) -> ResultRow:
    """Return the values of a row; of a row that is no object, none is stated."""
    values: Mapping[str, Any] = row if isinstance(row, dict) else {}
    qualifier = find_qualifier(row)
    reader = ValueReader()
    rule_id = reader.read_text(qualifier, "ConfigRuleId", _LONGEST_ID)
    status_text = reader.read_text(values, "ComplianceType", _LONGEST_ID)
    return ResultRow(
        rule_id=normalise_rule_id(rule_id),
        rule_name=reader.read_text(qualifier, "ConfigRuleName", _LONGEST_ID),
        status=read_status(status_text),
        risk=reader.read_risk(values, "RiskLevel"),
        account=normalise_account(reader.read_text(qualifier, "ResourceOwnerId", 32)),
        region=normalise_region(reader.read_text(qualifier, "RegionId", 64)),
        resource_type=reader.read_text(qualifier, "ResourceType", 128),
        resource_id=reader.read_text(qualifier, "ResourceId", _LONGEST_ID),
        resource_name=reader.read_text(qualifier, "ResourceName", _LONGEST_ID),
        resource_group=reader.read_text(qualifier, "ResourceGroupId", 64),
        annotation=reader.read_annotation(values, "Annotation", _LONGEST_TEXT),
        recorded_ms=reader.read_ms(values, "ResultRecordedTimestamp"),
        failing_since_ms=reader.read_ms(values, "LastNonCompliantRecordTimestamp"),
        fixed_at_ms=reader.read_ms(values, "LastCompliantFixedTimestamp"),
        exempt_until=reader.read_text(qualifier, "IgnoreDate", 32),
        trigger=reader.read_text(values, "InvokingEventMessageType", 64),
        status_text=status_text,
        has_odd_value=reader.has_odd_value,
    )
