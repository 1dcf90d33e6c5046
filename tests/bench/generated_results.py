"""Generate evaluation results of any size, and the file of the documented layout beside them.

They state the evaluations of generated_rows: the file has the failing ones only, the list has all.
"""

import datetime as dt
import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import xlwt

from dashboard.models import Status
from tests.bench.generated_rows import (
    BENCH_ACCOUNT_UID,
    BENCH_REGIONS,
    BENCH_TYPES,
    RULE_COUNT,
    build_annotation,
    compute_status,
    generate_evaluation,
    hash_number,
)

DOCUMENTED_HEADERS = (
    "Resource Type",
    "Resource ID",
    "Resource Name",
    "Audit Rule Name",
    "Rule ID",
    "Reason for Non-Compliance",
    "Link to Remediation Suggestion",
)
ROWS_PER_ANSWER = 100
PACK_ID = "cp-0123456789abcdef"
FIRST_TIME = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def compute_ms(day: int, number: int) -> int:
    """Return a time on a day, in milliseconds; `number` chooses the time of the day."""
    moment = FIRST_TIME + dt.timedelta(days=day, seconds=hash_number(number) % 86_400)
    return int(moment.timestamp() * 1000)


def find_last_change(row_number: int, step: int) -> int:
    """Return the last step at which the status of a row began, 0 if it never changed."""
    status = compute_status(row_number, step)
    while step and compute_status(row_number, step - 1) == status:
        step -= 1
    return step


def generate_result(row_number: int, step: int) -> dict[str, Any]:
    """Return a row of the list, recorded on the day of the step."""
    rule, resource, status = generate_evaluation(row_number, step)
    is_failing = status == Status.NON_COMPLIANT
    changed_ms = compute_ms(find_last_change(row_number, step) - 1, row_number)
    recorded_ms = compute_ms(step, row_number)
    times = {"LastNonCompliantRecordTimestamp": changed_ms} if is_failing else {}
    if status == Status.COMPLIANT and hash_number(row_number) % 5 == 0:
        times = {"LastCompliantFixedTimestamp": changed_ms}
    return {
        "Annotation": build_annotation(rule) if is_failing else "",
        "ComplianceType": status.name,
        "ConfigRuleInvokedTimestamp": recorded_ms - 100,
        "EvaluationId": f"er-{hash_number(row_number):016x}{recorded_ms:x}",
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "CompliancePackId": PACK_ID,
                "ConfigRuleArn": f"acs:config::{BENCH_ACCOUNT_UID}:rule/cr-{rule:020x}",
                "ConfigRuleId": f"cr-{rule:020x}",
                "ConfigRuleName": f"security-baseline-rule-number-{rule}",
                "RegionId": BENCH_REGIONS[resource % 4],
                "ResourceGroupId": f"rg-{resource % 7}",
                "ResourceId": f"i-bp1{hash_number(resource):014x}",
                "ResourceName": f"worker-{resource}",
                "ResourceOwnerId": int(BENCH_ACCOUNT_UID),
                "ResourceType": BENCH_TYPES[resource % len(BENCH_TYPES)],
            },
            "OrderingTimestamp": recorded_ms - 100,
        },
        "InvokingEventMessageType": "ScheduledNotification",
        "RemediationEnabled": False,
        "ResultRecordedTimestamp": recorded_ms,
        "RiskLevel": 1 + rule % 3,
        **times,
    }


def build_rule_facts() -> dict[str, dict[str, Any]]:
    """Return what Report.stated_counts holds of the rules, as the run fetches it with the file."""
    return {
        f"cr-{rule:020x}": {
            "name": f"security-baseline-rule-number-{rule}",
            "risk": 1 + rule % 3,
            "status": Status.NON_COMPLIANT.name,
        }
        for rule in range(RULE_COUNT)
    }


def generate_answers(row_count: int, step: int) -> Iterator[bytes]:
    """Yield the answers of the cloud, each a line of JSON."""
    rows = (generate_result(row_number, step) for row_number in range(row_count))
    number = 0
    while answer := list(islice(rows, ROWS_PER_ANSWER)):
        number += 1
        body = {
            "EvaluationResults": {
                "EvaluationResultList": answer,
                "MaxResults": ROWS_PER_ANSWER,
                "NextToken": f"token-{number}" if number * ROWS_PER_ANSWER < row_count else "",
            },
            "RequestId": f"5C8E1B6A-0000-4000-8000-{number:012d}",
        }
        yield json.dumps(body, ensure_ascii=False).encode() + b"\n"


def write_result_list(path: Path, row_count: int, step: int = 0) -> Path:
    """Write the list as it is kept beside a report; without a name and a time in its header."""
    with path.open("wb") as target, gzip.GzipFile("", "wb", 6, target, mtime=0) as file:
        file.writelines(generate_answers(row_count, step))
    return path


def write_documented_file(path: Path, row_count: int, step: int = 0) -> Path:
    """Write the .xls of a report of the documented layout: only its failing evaluations."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Non-Compliant Resources")
    for column, header in enumerate(DOCUMENTED_HEADERS):
        sheet.write(0, column, header)
    line = 0
    for row_number in range(row_count):
        rule, resource, status = generate_evaluation(row_number, step)
        if status != Status.NON_COMPLIANT:
            continue
        line += 1
        row = (
            BENCH_TYPES[resource % len(BENCH_TYPES)],
            f"i-bp1{hash_number(resource):014x}",
            f"worker-{resource}",
            f"security-baseline-rule-number-{rule}",
            f"cr-{rule:020x}",
            build_annotation(rule),
            f"https://help.aliyun.com/document_detail/{rule}.html",
        )
        for column, value in enumerate(row):
            sheet.write(line, column, value)
    book.save(str(path))
    return path
