"""Compute the summary of a report: its counts, a result for each rule, and its sheets."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from dashboard import workbook
from dashboard.ledger import cloud_rules, reconciliation
from dashboard.ledger.bulk_sql import BulkInsert
from dashboard.ledger.results_summary import build_results_summary, list_results_remarks
from dashboard.models import Report, Risk, RuleResult, Sheet, Status
from dashboard.models.reports import STATUS_FIELDS
from dashboard.workbook import READER_VERSION, Contents, EvaluationGroup, RuleInfo

STATUSES_BY_NAME = {status.name: status for status in Status}
JSON_COLUMNS = ("parameters", "cloud_state", "stated_counts", "changes_by_reason")
PLAIN_COLUMNS = ("report_id", "rule_id", "text_id", "name", "risk", *STATUS_FIELDS, "came", "left")
RULE_RESULT_INSERT = BulkInsert(RuleResult, JSON_COLUMNS + PLAIN_COLUMNS)
get_plain_values = attrgetter(*PLAIN_COLUMNS)


def build_rule_results(
    report: Report, contents: Contents, rule_ids: dict[int, int]
) -> list[RuleResult]:
    """Return an unsaved result for each rule of the contents.

    The keys of `rule_ids` are the numbers of the rules there, the values their database ids.
    """
    results = [build_rule_result(report, info, rule_ids[info.number]) for info in contents.rules]
    cloud_rules.set_cloud_facts(report, contents, results)
    return results


def build_rule_result(report: Report, info: RuleInfo, rule_id: int) -> RuleResult:
    """Return an unsaved result of a rule.

    If the file lists a status row by row, its count is the number of these rows. Otherwise it is
    the count that the file states, or 0.
    """
    counts = {
        status.field: (info.counts if status in report.listed_statuses else info.stated).get(
            status, 0
        )
        for status in Status
    }
    return RuleResult(
        report_id=report.pk,
        rule_id=rule_id,
        name=info.name[:300],
        risk=info.risk or Risk.NOT_STATED,
        parameters=report.stated_counts.get("parameters", {}).get(info.rule_id),
        stated_counts={Status(status).name: count for status, count in info.stated.items()},
        **counts,
    )


def insert_rule_results(results: list[RuleResult]) -> None:
    """Insert all results into the database at once."""
    RULE_RESULT_INSERT.write([build_result_columns(result) for result in results])


def build_result_columns(result: RuleResult) -> tuple[Any, ...]:
    """Return the values of a result in the order of the columns of RULE_RESULT_INSERT."""
    json_values = (json.dumps(result.stated_counts), json.dumps(result.changes_by_reason))
    return (
        dump_json_or_null(result.parameters),
        dump_json_or_null(result.cloud_state),
        *json_values,
        *get_plain_values(result),
    )


def dump_json_or_null(value: dict[str, Any] | None) -> str | None:
    """Return JSON; None, which is NULL and not JSON's null, for None."""
    return None if value is None else json.dumps(value)


def summarize_report(
    report: Report,
    contents: Contents,
    groups: list[EvaluationGroup],
    results: list[RuleResult],
    rule_ids: dict[int, int],
) -> dict[str, Any]:
    """Return the values of the fields that a report gets when it becomes ready.

    The counts of changes are not among them (see count_report_changes).
    """
    overview = parse_overview(contents.stated)
    counts = {status: count_status(status, report, results, overview) for status in Status}
    overview_statuses = [
        status.name for status in overview if is_shown_from_overview(status, report, results)
    ]
    remarks = [*contents.remarks, *list_results_remarks(report, contents)]
    stated_counts = {"overview": contents.stated, "shown_from_overview": overview_statuses}
    return {
        "reader_version": READER_VERSION,
        "file_kind": contents.kind,
        "language": contents.language,
        "listed_statuses": report.listed_statuses,
        "remarks": [dataclasses.asdict(remark) for remark in remarks],
        "stated_counts": {**report.stated_counts, **stated_counts},
        "count_checks": reconciliation.check_counts(report, contents, results),
        "results_summary": build_results_summary(
            contents, rule_ids, lists_rules=cloud_rules.lists_rules(report, contents)
        ),
        "evaluated_at": workbook.parse_moment(contents.evaluated_to),
        "content_hash": contents.content,
        "filter_choices": collect_filter_choices(groups),
        "rules_hash": hash_rules(report, contents),
        "rows": contents.rows,
        "rules": len(results),
        **{status.field: count for status, count in counts.items()},
        **count_failing_by_risk(groups),
        **choose_evaluation_rate(report, contents, counts),
        **choose_resource_rate(report, contents, overview),
    }


def parse_overview(stated_counts: dict[str, int]) -> dict[Status, int]:
    """Return the counts of the file's overview sheet by status; other names are ignored."""
    return {
        STATUSES_BY_NAME[name.upper()]: count
        for name, count in stated_counts.items()
        if name.upper() in STATUSES_BY_NAME
    }


def count_status(
    status: Status, report: Report, results: list[RuleResult], overview: dict[Status, int]
) -> int:
    """Return the sum of a status's counts over all rules.

    If the sum is 0 and the file does not list the status row by row, return the overview's count.
    """
    if is_shown_from_overview(status, report, results):
        return overview.get(status, 0)
    return sum(getattr(result, status.field) for result in results)


def is_shown_from_overview(status: Status, report: Report, results: list[RuleResult]) -> bool:
    """Return whether only the overview can say how many have the status."""
    if status in report.listed_statuses:
        return False
    return not any(getattr(result, status.field) for result in results)


def lists_judged_rows(report: Report, contents: Contents) -> bool:
    """Return whether the rows of the file tell both what complies and what fails.

    A file may leave out the sheet of failing resources where its overview states that none fails.
    """
    states_no_failure = contents.stated.get("non_compliant") == 0
    return report.lists_compliant and (
        Status.NON_COMPLIANT in report.listed_statuses or states_no_failure
    )


def choose_evaluation_rate(
    report: Report, contents: Contents, counts: dict[Status, int]
) -> dict[str, int]:
    """Return the fields of the evaluation rate: of rows only, 0 and 0 if they do not tell it."""
    if not lists_judged_rows(report, contents):
        return {"rated_compliant": 0, "rated_failing": 0}
    return {
        "rated_compliant": counts[Status.COMPLIANT],
        "rated_failing": counts[Status.NON_COMPLIANT],
    }


def choose_resource_rate(
    report: Report, contents: Contents, overview: dict[Status, int]
) -> dict[str, int | str | None]:
    """Return the fields of the resource rate: from rows, else from an overview of resources."""
    counts: tuple[int | None, int | None] = (None, None)
    source = ""
    if lists_judged_rows(report, contents):
        counts = (contents.compliant_resources, contents.failing_resources)
        has_results = cloud_rules.has_results(contents)
        sources = Report.ResourcesSource
        source = (sources.RESULTS if has_results else sources.ROWS).value
    elif (
        contents.stated_basis == "resources"
        and {Status.COMPLIANT, Status.NON_COMPLIANT} <= overview.keys()
    ):
        counts = (overview[Status.COMPLIANT], overview[Status.NON_COMPLIANT])
        source = Report.ResourcesSource.OVERVIEW.value
    compliant, failing = counts
    return {
        "resources_compliant": compliant,
        "resources_failing": failing,
        "resources_source": source,
    }


def count_failing_by_risk(groups: list[EvaluationGroup]) -> dict[str, int]:
    """Count the failing rows by risk. The keys are names of Report fields."""
    counts: Counter[int] = Counter()
    for group in groups:
        if group.status == Status.NON_COMPLIANT:
            counts[group.risk] += group.rows  # the number of rows in the group
    return {
        "failing_high": counts[Risk.HIGH],
        "failing_medium": counts[Risk.MEDIUM],
        "failing_low": counts[Risk.LOW],
    }


def collect_filter_choices(groups: list[EvaluationGroup]) -> dict[str, list[str]]:
    """Return the values of regions, types and accounts by which rows can be filtered.

    Each list is sorted and has no empty value.
    """
    groups_with_rows = [group for group in groups if group.rows]
    fields = {"regions": "region", "types": "resource_type", "accounts": "account"}
    return {
        name: sorted({getattr(group, field) for group in groups_with_rows} - {""})
        for name, field in fields.items()
    }


def hash_rules(report: Report, contents: Contents) -> int | None:
    """Return a 63-bit hash of the rules' keys and risks; None if not all rules are known."""
    if not cloud_rules.lists_rules(report, contents):
        return None
    rules = "\x1e".join(sorted(f"{rule.key}\x1f{rule.risk}" for rule in contents.rules))
    # Shifted by one bit to fit into a signed BigIntegerField.
    return int.from_bytes(blake2b(rules.encode(), digest_size=8).digest()) >> 1


def build_sheets(report: Report, contents: Contents) -> Iterator[Sheet]:
    """Yield an unsaved Sheet for each sheet of the file."""
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
