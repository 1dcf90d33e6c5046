"""Generate the rows of a report of any size.

A report has a step; from one step to the next, one row in a hundred changes its status.
"""

import datetime as dt
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import openpyxl
import xlwt

from dashboard.ledger.span_rows import GroupColumns
from dashboard.models import Status
from dashboard.workbook import EvaluationRow

COLUMN_HEADERS = (
    "Rule ID",
    "Rule Name",
    "Risk Level",
    "Resource ID",
    "Resource Name",
    "Resource Type",
    "Region",
    "Account ID",
    "Evaluation Result",
    "Reason",
    "Remediation Suggestion",
    "Evaluation Time",
    "Resource Group ID",
    "Tags",
)
STATUS_TEXTS = {
    Status.NON_COMPLIANT: "Non-compliant",
    Status.COMPLIANT: "Compliant",
    Status.IGNORED: "Ignored",
    Status.NOT_APPLICABLE: "Not Applicable",
}
RISK_TEXTS = ("High", "Medium", "Low")
BENCH_REGIONS = ("cn-hangzhou", "cn-shanghai", "cn-beijing", "ap-southeast-1")
BENCH_TYPES = (
    "ACS::ECS::Instance",
    "ACS::OSS::Bucket",
    "ACS::RDS::DBInstance",
    "ACS::RAM::User",
    "ACS::SLB::LoadBalancer",
)
RULE_COUNT = 40
RULES_PER_RESOURCE = RULE_COUNT // len(BENCH_TYPES)
BENCH_ACCOUNT_UID = "1024837465912038"
TextRow = tuple[str, ...]


def hash_number(number: int) -> int:
    """Return a number that looks random and is always the same for the same input."""
    return (number * 0x9E3779B97F4A7C15 & 2**64 - 1) >> 17


class GeneratedEvaluation(NamedTuple):
    """The numbers of a row's rule and resource, and its status."""

    rule: int
    resource: int
    status: Status


def compute_status(row_number: int, step: int) -> Status:
    """Return the status of a row in the report of a step.

    12 % fail at step 0; after that each step inverts the rows of the next change group.
    """
    per_mille = hash_number(row_number) % 1000
    if per_mille > 985:
        return Status.IGNORED
    if per_mille > 970:
        return Status.NOT_APPLICABLE
    inversions = (step + get_change_group(row_number)) // 100
    is_failing = (per_mille < 120) != bool(inversions % 2)
    return Status.NON_COMPLIANT if is_failing else Status.COMPLIANT


def get_change_group(row_number: int) -> int:
    """Return the group (0 to 99) of the rows that change at the same step."""
    return hash_number(row_number + 1) % 100


@cache
def list_change_groups(row_count: int) -> dict[int, list[int]]:
    """Return the row numbers of each change group."""
    groups: dict[int, list[int]] = {}
    for row_number in range(row_count):
        groups.setdefault(get_change_group(row_number), []).append(row_number)
    return groups


def generate_evaluation(row_number: int, step: int) -> GeneratedEvaluation:
    """Return the evaluation of a row: each resource stands under all rules of its type."""
    resource = row_number // RULES_PER_RESOURCE
    type_number = resource % len(BENCH_TYPES)
    rule = type_number * RULES_PER_RESOURCE + row_number % RULES_PER_RESOURCE
    return GeneratedEvaluation(rule, resource, compute_status(row_number, step))


@cache
def build_annotation(rule: int) -> str:
    """Return the reason of a failure as the cloud's JSON."""
    return json.dumps(
        {
            "configuration": "false",
            "desiredValue": "true",
            "operator": "Equals",
            "property": f"$.Property{rule}",
            "reason": f"Property{rule} is false where rule {rule} expects true.",
        }
    )


def generate_file_rows(row_count: int, step: int = 0) -> Iterator[TextRow]:
    """Yield the rows of a report's file, the header first."""
    yield COLUMN_HEADERS
    # Files write times without a zone.
    midnight = dt.datetime(2026, 3, 1) + dt.timedelta(days=step)  # noqa: DTZ001
    for row_number in range(row_count):
        rule, resource, status = generate_evaluation(row_number, step)
        yield (
            f"cr-{rule:020x}",
            f"security-baseline-rule-number-{rule}",
            RISK_TEXTS[rule % 3],
            f"i-bp1{hash_number(resource):014x}",
            f"worker-{resource}",
            BENCH_TYPES[resource % len(BENCH_TYPES)],
            BENCH_REGIONS[resource % 4],
            BENCH_ACCOUNT_UID,
            STATUS_TEXTS[status],
            build_annotation(rule) if status == Status.NON_COMPLIANT else "",
            f"https://help.aliyun.com/document_detail/{rule}.html",
            str(midnight + dt.timedelta(seconds=hash_number(row_number) % 86_400)),
            f"rg-{resource % 7}",
            f"team={resource % 11}; stage=production",
        )


def generate_evaluations(row_count: int, step: int) -> list[EvaluationRow]:
    """Return all rows as the reader returns them, in the order of their keys."""
    return sorted(build_evaluation(row_number, step) for row_number in range(row_count))


def generate_changed_evaluations(
    row_count: int, previous_step: int, step: int
) -> list[EvaluationRow]:
    """Return the rows whose status differs between the reports of two steps."""
    candidates = [
        row_number
        for group, row_numbers in list_change_groups(row_count).items()
        if (previous_step + group) // 100 != (step + group) // 100
        for row_number in row_numbers
    ]
    return [
        build_evaluation(row_number, step)
        for row_number in candidates
        if compute_status(row_number, previous_step) != compute_status(row_number, step)
    ]


def build_evaluation(row_number: int, step: int) -> EvaluationRow:
    """Return a row as the reader returns it; its group is an index into build_group_columns."""
    rule, resource, status = generate_evaluation(row_number, step)
    group = (rule * len(Status) + status - 1) * len(BENCH_REGIONS) + resource % 4
    resource_texts = (f"i-bp1{hash_number(resource):014x}", f"worker-{resource}")
    finding_texts = ("", "", "", "", "")
    if status == Status.NON_COMPLIANT:
        property_path = f"$.Property{rule}"
        reason = f"Property{rule} is false."
        finding_texts = ("false", "true", "Equals", property_path, reason)
    return EvaluationRow(
        hash_number(row_number) << 16 | row_number & 0xFFFF,
        hash_number(status + 10 * rule),
        hash_number(resource),
        group,
        *resource_texts,
        *finding_texts,
        0,
        row_number,
    )


def build_group_columns(rule_ids: list[int]) -> list[GroupColumns]:
    """Return the columns that the rows of a group share, for the database ids of the rules."""
    return [
        (
            rule_id,
            int(status),
            1 + number % 3,
            BENCH_ACCOUNT_UID,
            region,
            BENCH_TYPES[number // RULES_PER_RESOURCE],
        )
        for number, rule_id in enumerate(rule_ids)
        for status in Status
        for region in BENCH_REGIONS
    ]


def write_xls_file(path: Path, row_count: int, step: int = 0) -> Path:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Evaluation Results")
    for row_number, row in enumerate(generate_file_rows(row_count, step)):
        for column, value in enumerate(row):
            if value:
                sheet.write(row_number, column, value)
    book.save(str(path))
    return path


def write_xlsx_file(path: Path, row_count: int, step: int = 0) -> Path:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Evaluation Results")
    for row in generate_file_rows(row_count, step):
        sheet.append(row)
    book.save(path)
    return path
