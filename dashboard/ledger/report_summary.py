"""What a file comes to: a result for each of its rules, its sheets, and the counts of the whole."""

import json
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from dashboard import workbook
from dashboard.comparison.differences import Bucket, Change
from dashboard.ledger import reconciliation
from dashboard.ledger.bulk_sql import BulkInsert
from dashboard.models import Report, Risk, RuleResult, Sheet, Status
from dashboard.workbook import READER, Contents, Group, RuleInfo

FIELDS = {status: status.field for status in Status}
NAMES = {status.value: status.name for status in Status}
PLAIN = ("report_id", "rule_id", "name", "risk", *FIELDS.values(), "new", "fixed")
NEW = BulkInsert(RuleResult, ("parameters", "stated_counts", *PLAIN))
plain_columns = attrgetter(*PLAIN)


def build_rule_results(
    report: Report, contents: Contents, rules: dict[int, int]
) -> list[RuleResult]:
    """A result for each rule of the file; `rules` are their ids by their number in it."""
    lists = set(report.listed_statuses)
    return [build_rule_result(report, info, rules[info.number], lists) for info in contents.rules]


def build_rule_result(report: Report, info: RuleInfo, rule: int, lists: set[int]) -> RuleResult:
    """A rule's counts: of the rows for what the file lists row by row, the file's own number for the rest."""
    return RuleResult(
        report_id=report.pk,
        rule_id=rule,
        name=info.name[:300],
        risk=info.risk or Risk.NOT_STATED,
        parameters=report.stated_counts.get("parameters", {}).get(info.rule_id),
        stated_counts={NAMES[status]: number for status, number in info.stated.items()},
        **{
            field: (info.counts if status in lists else info.stated).get(status, 0)
            for status, field in FIELDS.items()
        },
    )


def insert_rule_results(results: list[RuleResult]) -> None:
    """Puts results into the database."""
    NEW.write([rule_result_columns(one) for one in results])


def rule_result_columns(result: RuleResult) -> tuple[Any, ...]:
    """A result as a row of NEW."""
    parameters = None if result.parameters is None else json.dumps(result.parameters)
    return (parameters, json.dumps(result.stated_counts), *plain_columns(result))


def summarize_report(
    report: Report, contents: Contents, groups: list[Group], results: list[RuleResult]
) -> dict[str, Any]:
    """What a report says of itself once it is ready, by field: all but its changes."""
    lists = set(report.listed_statuses)
    overview = counts_by_status(contents.stated)
    counts = {status: count_status(status, lists, results, overview) for status in Status}
    rated = counts if Status.COMPLIANT in lists else overview
    checked, mismatches = reconciliation.compare_counts(
        contents, results, counts, report.stated_counts
    )
    by_risk = count_failing_by_risk(groups)
    return {
        "reader_version": READER,
        "file_kind": contents.kind,
        "language": contents.language,
        "listed_statuses": report.listed_statuses,
        "notes": [{"code": note.code, "facts": note.facts} for note in contents.notes] + mismatches,
        "stated_counts": {**report.stated_counts, "overview": contents.stated, "checked": checked},
        "evaluated_at": workbook.instant(contents.evaluated_to),
        "content_hash": contents.content,
        "filter_choices": collect_filter_choices(groups),
        "rules_hash": hash_rules(contents),
        "rated_compliant": rated.get(Status.COMPLIANT, 0),
        "rated_failing": rated.get(Status.NON_COMPLIANT, 0) if Status.COMPLIANT in rated else 0,
        "rows": contents.rows,
        "rules": len(results),
        "failing_high": by_risk[Risk.HIGH],
        "failing_medium": by_risk[Risk.MEDIUM],
        "failing_low": by_risk[Risk.LOW],
        **{FIELDS[status]: number for status, number in counts.items()},
    }


def counts_by_status(stated: dict[str, int]) -> dict[Status, int]:
    names = {status.name: status for status in Status}
    return {names[word.upper()]: number for word, number in stated.items() if word.upper() in names}


def count_status(
    status: Status, lists: set[int], results: list[RuleResult], overview: dict[Status, int]
) -> int:
    """How many rows have the status or, where the file lists none of that kind, how many it says there are."""
    found: int = sum(map(attrgetter(FIELDS[status]), results))
    return found if found or status in lists else overview.get(status, 0)


def count_failing_by_risk(groups: list[Group]) -> Counter[int]:
    found: Counter[int] = Counter()
    for group in groups:
        if group.status == Status.NON_COMPLIANT:
            found[group.risk] += group.rows
    return found


def collect_filter_choices(groups: list[Group]) -> dict[str, list[str]]:
    """What the rows have to choose from, each column sorted."""
    present = [group for group in groups if group.rows]
    columns = {"regions": "region", "types": "resource_type", "accounts": "account"}
    return {
        name: sorted({getattr(group, field) for group in present} - {""})
        for name, field in columns.items()
    }


def hash_rules(contents: Contents) -> int | None:
    """A hash over the rules and their risks; None where the file lists failing rules at most."""
    if not any(sheet.role == "rules" for sheet in contents.sheets):
        return None
    rules = "\x1e".join(sorted(f"{rule.key}\x1f{rule.risk}" for rule in contents.rules))
    return int.from_bytes(blake2b(rules.encode(), digest_size=8).digest()) >> 1


def count_changes(
    changes: list[Change[int]] | None, results: list[RuleResult]
) -> dict[str, int | None]:
    """How many are new, fixed and gone, of the whole; and of each rule, written into `results`.

    Nothing is said where there is no report before, and so no changes.
    """
    if changes is None:
        return {"new": None, "fixed": None, "gone": None}
    by_rule = Counter((change.rule, change.bucket) for change in changes)
    for one in results:
        one.new, one.fixed = (
            by_rule[one.rule_id, Bucket.NEW_FAILURE],
            by_rule[one.rule_id, Bucket.FIXED],
        )
    by_bucket = Counter(change.bucket for change in changes)
    named = {"new": Bucket.NEW_FAILURE, "fixed": Bucket.FIXED, "gone": Bucket.GONE_FAILING}
    return {name: by_bucket[bucket] for name, bucket in named.items()}


def build_sheets(report: Report, contents: Contents) -> Iterator[Sheet]:
    for info in contents.sheets:
        member = contents.members[info.member] if info.member is not None else None
        yield Sheet(
            report=report,
            number=info.number,
            member=member.name[:255] if member else "",
            member_sha256=member.sha256 if member else "",
            name=info.name[:255],
            hidden=info.hidden,
            rows=info.rows,
            columns=info.columns,
            header_row=info.header_row,
            role=info.role,
        )
