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


JsonObject = Mapping[str, Any]
# Id and name of the rule, risk, status, account, region and type, as they stand in a row.
RawValues = tuple[Any, Any, Any, Any, Any, Any, Any]


class SharedValues(NamedTuple):
    """What many rows of the list have in common; "" or 0 if not stated."""

    rule_id: str
    rule_name: str
    status: StatusCode | None
    risk: int
    account: str
    region: str
    resource_type: str
    status_text: str
    has_odd_value: bool


class OwnValues(NamedTuple):
    """What each row of the list has of its own; times are in milliseconds, 0 if not stated."""

    resource_id: str
    resource_name: str
    resource_group: str
    annotation: str
    recorded_ms: int
    failing_since_ms: int
    fixed_at_ms: int
    exempt_until: str
    trigger: str
    has_odd_value: bool


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


def split_row(row: Any) -> tuple[JsonObject, JsonObject]:
    """Return the object of a row, and in it the one that names rule and resource.

    What is no object counts as an empty one.
    """
    try:
        qualifier = row["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    except (TypeError, KeyError, IndexError):
        qualifier = None
    values = row if isinstance(row, dict) else {}
    return values, qualifier if isinstance(qualifier, dict) else {}


def get_raw_shared_values(values: JsonObject, qualifier: JsonObject) -> RawValues:
    """Return what SharedValues are made of, as it stands in a row."""
    get = qualifier.get
    return (
        get("ConfigRuleId"),
        get("ConfigRuleName"),
        values.get("RiskLevel"),
        values.get("ComplianceType"),
        get("ResourceOwnerId"),
        get("RegionId"),
        get("ResourceType"),
    )


def parse_shared_values(raw_values: RawValues) -> SharedValues:
    """Return the values that rows have in common."""
    rule_id, rule_name, risk, status, account, region, resource_type = raw_values
    reader = ValueReader()
    status_text = reader.read_text(status, _LONGEST_ID)
    return SharedValues(
        rule_id=normalise_rule_id(reader.read_text(rule_id, _LONGEST_ID)),
        rule_name=reader.read_text(rule_name, _LONGEST_ID),
        status=read_status(status_text),
        risk=reader.read_risk(risk),
        account=normalise_account(reader.read_text(account, 32)),
        region=normalise_region(reader.read_text(region, 64)),
        resource_type=reader.read_text(resource_type, 128),
        status_text=status_text,
        has_odd_value=reader.has_odd_value,
    )


def parse_own_values(values: JsonObject, qualifier: JsonObject) -> OwnValues:
    """Return the values that a row has of its own."""
    reader = ValueReader()
    read_text, read_ms = reader.read_text, reader.read_ms
    get, get_own = values.get, qualifier.get
    return OwnValues(
        read_text(get_own("ResourceId"), _LONGEST_ID),
        read_text(get_own("ResourceName"), _LONGEST_ID),
        reader.read_repeated_text(get_own("ResourceGroupId"), 64),
        reader.read_annotation(get("Annotation"), _LONGEST_TEXT),
        read_ms(get("ResultRecordedTimestamp")),
        read_ms(get("LastNonCompliantRecordTimestamp")),
        read_ms(get("LastCompliantFixedTimestamp")),
        reader.read_repeated_text(get_own("IgnoreDate"), 32),
        reader.read_repeated_text(get("InvokingEventMessageType"), 64),
        reader.has_odd_value,
    )
