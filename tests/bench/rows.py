"""Rows as a report has them, to any number, and how they differ from report to report: one in a hundred each time."""

import datetime as dt
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import openpyxl
import xlwt

from dashboard.ledger.spans import GroupColumns
from dashboard.models import Status
from dashboard.workbook import Evaluated

HEAD = (
    "Rule ID", "Rule Name", "Risk Level", "Resource ID", "Resource Name", "Resource Type", "Region", "Account ID",
    "Evaluation Result", "Reason", "Remediation Suggestion", "Evaluation Time", "Resource Group ID", "Tags",
)  # fmt: skip
WORDS = {
    Status.NON_COMPLIANT: "Non-compliant",
    Status.COMPLIANT: "Compliant",
    Status.IGNORED: "Ignored",
    Status.NOT_APPLICABLE: "Not Applicable",
}
RISKS = ("High", "Medium", "Low")
REGIONS = ("cn-hangzhou", "cn-shanghai", "cn-beijing", "ap-southeast-1")
TYPES = (
    "ACS::ECS::Instance",
    "ACS::OSS::Bucket",
    "ACS::RDS::DBInstance",
    "ACS::RAM::User",
    "ACS::SLB::LoadBalancer",
)
RULES = 40
EACH = RULES // len(TYPES)  # rules that judge a resource
OWNER = "1024837465912038"
Row = tuple[str, ...]


def mixed(number: int) -> int:
    """A number as if drawn by chance, the same each time."""
    return (number * 0x9E3779B97F4A7C15 & 2**64 - 1) >> 17


def status(number: int, step: int) -> Status:
    """The status of a row in the report of a step; each step turns another hundredth of the rows round."""
    chance = mixed(number) % 1000
    turns = (step + turn(number)) // 100
    if chance > 985:
        return Status.IGNORED
    if chance > 970:
        return Status.NOT_APPLICABLE
    return Status.NON_COMPLIANT if (chance < 120) != bool(turns % 2) else Status.COMPLIANT


def turn(number: int) -> int:
    """Which hundredth of the rows it belongs to."""
    return mixed(number + 1) % 100


@cache
def annotation(rule: int) -> str:
    told = {
        "configuration": "false",
        "desiredValue": "true",
        "operator": "Equals",
        "property": f"$.Property{rule}",
    }
    return json.dumps(
        {**told, "reason": f"Property{rule} is false where rule {rule} expects true."}
    )


class Judged(NamedTuple):
    """Which rule judges which resource in a row, and how."""

    rule: int
    resource: int
    status: Status

    @property
    def kind(self) -> int:
        return self.resource % len(TYPES)


def judged(number: int, step: int) -> Iterator[Judged]:
    """The rows of a report: each resource under all the rules of its type."""
    return (judge(at, step) for at in range(number))


def judge(at: int, step: int) -> Judged:
    resource = at // EACH
    return Judged(resource % len(TYPES) * EACH + at % EACH, resource, status(at, step))


def rows(number: int, step: int = 0) -> Iterator[Row]:
    """The rows of a report's file, head first."""
    yield HEAD
    midnight = dt.datetime(2026, 3, 1) + dt.timedelta(days=step)  # noqa: DTZ001  as files write it, without a zone
    for at, one in enumerate(judged(number, step)):
        yield (
            f"cr-{one.rule:020x}", f"security-baseline-rule-number-{one.rule}", RISKS[one.rule % 3],
            f"i-bp1{mixed(one.resource):014x}", f"worker-{one.resource}", TYPES[one.kind], REGIONS[one.resource % 4],
            OWNER, WORDS[one.status], annotation(one.rule) if one.status == Status.NON_COMPLIANT else "",
            f"https://help.aliyun.com/document_detail/{one.rule}.html",
            str(midnight + dt.timedelta(seconds=mixed(at) % 86_400)),
            f"rg-{one.resource % 7}", f"team={one.resource % 11}; stage=production",
        )  # fmt: skip


def evaluated(number: int, step: int) -> list[Evaluated]:
    """The same rows as they come out of the reader, in the order of their keys."""
    return sorted(evaluation(at, one) for at, one in enumerate(judged(number, step)))


def changed(number: int, before: int, step: int) -> list[Evaluated]:
    """The rows that say something else in the report of a step than in the one before."""
    turned = [
        at
        for turn, of in turns(number).items()
        if (before + turn) // 100 != (step + turn) // 100
        for at in of
    ]
    return [
        evaluation(at, judge(at, step)) for at in turned if status(at, before) != status(at, step)
    ]


@cache
def turns(number: int) -> dict[int, list[int]]:
    """The rows that turn round together."""
    found: dict[int, list[int]] = {}
    for at in range(number):
        found.setdefault(turn(at), []).append(at)
    return found


def evaluation(at: int, one: Judged) -> Evaluated:
    rule, resource, what = one
    group = (rule * len(Status) + what - 1) * len(REGIONS) + resource % 4
    named = (f"i-bp1{mixed(resource):014x}", f"worker-{resource}")
    told = (
        ("false", "true", f"Property{rule} is false.")
        if what == Status.NON_COMPLIANT
        else ("", "", "")
    )
    key = mixed(at) << 16 | at & 0xFFFF
    return Evaluated(key, mixed(what + 10 * rule), mixed(resource), group, *named, *told, 0, at)


def groups(rules: list[int]) -> list[GroupColumns]:
    """What the rows have in common, given the ids of the rules."""
    return [
        (pk, int(status), 1 + rule % 3, OWNER, region, TYPES[rule // EACH])
        for rule, pk in enumerate(rules)
        for status in Status
        for region in REGIONS
    ]


def write_xls(path: Path, number: int, step: int = 0) -> Path:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Evaluation Results")
    for at, row in enumerate(rows(number, step)):
        for column, value in enumerate(row):
            if value:
                sheet.write(at, column, value)
    book.save(str(path))
    return path


def write_xlsx(path: Path, number: int, step: int = 0) -> Path:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Evaluation Results")
    for row in rows(number, step):
        sheet.append(row)
    book.save(path)
    return path
