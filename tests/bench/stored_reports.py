"""Reports written directly into the database, for pages whose cost depends on their number."""

import datetime as dt
from collections.abc import Iterable

from django.db import connection, transaction

from dashboard.ledger import pack_summaries, spans
from dashboard.ledger.span_intervals import Span, replace_interval
from dashboard.models import Original, Pack, Report, Rule, RuleResult, Status
from dashboard.models.evaluations import FOREVER, make_position
from dashboard.workbook import EvaluationRow
from tests.bench import generated_rows

FIRST_REPORT_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def create_reports_without_rows(pack: Pack, days: Iterable[int]) -> list[Report]:
    """Create one ready report per day that has counts but no evaluations."""
    reports = [build_ready_report(pack, day, 0) for day in days]
    originals = [Original(sha256=report.original_id or "", size=1) for report in reports]
    Original.objects.bulk_create(originals, ignore_conflicts=True, batch_size=5_000)
    stored_reports = Report.objects.bulk_create(reports, batch_size=1_000)
    pack_summaries.rebuild_pack_summary(pack)
    return stored_reports


def create_reports_with_rows(pack: Pack, row_count: int, steps: Iterable[int]) -> list[Report]:
    """Create one ready report per step, oldest first, with evaluations and rule results."""
    rules = get_or_create_rules(pack)
    reports: list[Report] = []
    previous_step = None
    for day, step in enumerate(steps):
        report = build_ready_report(pack, day, row_count)
        Original.objects.get_or_create(sha256=report.original_id, defaults={"size": 1})
        report.save()
        RuleResult.objects.bulk_create(
            build_uniform_rule_result(report, number, rule) for number, rule in enumerate(rules)
        )
        if previous_step is None:
            changes = generated_rows.generate_evaluations(row_count, step)
        else:
            changes = generated_rows.generate_changed_evaluations(row_count, previous_step, step)
        store_changed_rows(report, changes, rules)
        reports.append(report)
        previous_step = step
    return reports


def vacuum_database() -> None:
    """Vacuum and analyse PostgreSQL, as it does by itself within a minute of such a change."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")


def get_or_create_rules(pack: Pack) -> list[Rule]:
    if not pack.rules.exists():
        for number in range(generated_rows.RULE_COUNT):
            key = f"cr-{number:020x}"
            name = f"security-baseline-rule-number-{number}"
            Rule.objects.create(pack=pack, key=key, rule_id=key, name=name)
    return list(pack.rules.order_by("key"))


def store_changed_rows(report: Report, changes: list[EvaluationRow], rules: list[Rule]) -> None:
    """Store the rows that differ from the previous report; `report` must be the latest one."""
    changes_by_key = {row.key: row for row in changes}
    group_columns = generated_rows.build_group_columns([rule.pk for rule in rules])

    def replace_open_interval(key: int, old_spans: list[Span]) -> list[Span]:
        assert report.position is not None
        change = changes_by_key[key]
        status = group_columns[change.group][1]
        span = Span(report.position, FOREVER, change.digest, status)
        return replace_interval(old_spans, report.position, FOREVER, span)

    with transaction.atomic():
        spans.rewrite_spans(
            report.pack_id,
            list(changes_by_key),
            replace_open_interval,
            lambda key: (changes_by_key[key], group_columns[changes_by_key[key].group]),
        )


def build_ready_report(pack: Pack, day: int, row_count: int) -> Report:
    """Return an unsaved ready report, created `day` days after FIRST_REPORT_TIME."""
    moment = FIRST_REPORT_TIME + dt.timedelta(days=day)
    sha256 = f"{day:08x}{pack.pk:056x}"
    failing = row_count * 12 // 100
    return Report(
        pack=pack,
        pack_name=pack.name,
        state=Report.State.READY,
        original_id=sha256,
        file_name="rows.xls",
        requested_at=moment,
        created_at=moment,
        received_at=moment,
        ended_at=moment,
        deadline_at=moment,
        position=make_position(moment, sha256),
        listed_statuses=list(Status),
        content_hash=generated_rows.hash_number(pack.pk << 20 | day),
        filter_choices={
            "regions": list(generated_rows.BENCH_REGIONS),
            "types": list(generated_rows.BENCH_TYPES),
            "accounts": [generated_rows.BENCH_ACCOUNT_UID],
        },
        rows=row_count,
        rules=generated_rows.RULE_COUNT,
        failing=failing,
        failing_high=failing // 3,
        failing_medium=failing // 3,
        failing_low=failing - failing // 3 * 2,
        compliant=row_count - failing,
        came=day % 7,
        left=day % 5,
        changes_by_reason={"regressed": day % 7, "fixed": day % 5},
        high_risk_changes_by_reason={},
    )


def build_uniform_rule_result(report: Report, number: int, rule: Rule) -> RuleResult:
    """Return the unsaved result of a rule; all rules have the same counts."""
    failing = report.failing // generated_rows.RULE_COUNT
    return RuleResult(
        report=report,
        rule=rule,
        name=rule.name,
        risk=1 + number % 3,
        failing=failing,
        compliant=report.rows // generated_rows.RULE_COUNT - failing,
        came=0,
        left=0,
        changes_by_reason={},
    )
