"""Storing a file that was read: rules, spans, rule results and sheets; then the report is ready.

A small file is stored in one transaction. The rows of a large file are stored in several, so that
no other writer waits for long.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from dashboard.archive import stored_forms
from dashboard.comparison import differences
from dashboard.comparison.differences import Change
from dashboard.ledger import report_summary, rule_rows, spans
from dashboard.models import Pack, Report, Risk, RuleResult, Sheet, Status
from dashboard.models.evaluations import FOREVER
from dashboard.models.reports import ReportQuerySet
from dashboard.workbook import Contents, EvaluationGroup, StoredForm

# A small file has at most so many rows, and so many bytes in its stored form.
SMALL_ROWS = 5_000
SMALL_BYTES = 8 * 2**20


def store_report(report: Report) -> None:
    """Store the report's file and make the report ready. Does nothing if the claim was lost."""
    with pause_garbage_collection(), stored_forms.open_stored_form(report) as stored_form:
        if stored_form.contents.rows <= SMALL_ROWS and stored_form.evaluation_bytes <= SMALL_BYTES:
            store_in_one_transaction(report, stored_form)
        else:
            store_in_several_transactions(report, stored_form)


def store_in_one_transaction(report: Report, stored_form: StoredForm) -> None:
    rows = {row.key: row for bucket in stored_form.read_buckets() for row in bucket}
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        if not report.holds_claim():
            return
        set_position_and_statuses(report, stored_form.contents)
        rule_ids = rule_rows.store_rules(report.pack, stored_form.contents.rules)
        groups = [build_group_columns(group, rule_ids) for group in stored_form.groups]
        neighbours = spans.find_neighbours(report)
        spans.store_key_range(report, neighbours.after, 0, FOREVER, rows, groups)
        finish_report(report, stored_form, rule_ids, neighbours)


def store_in_several_transactions(report: Report, stored_form: StoredForm) -> None:
    set_position_and_statuses(report, stored_form.contents)
    # Saved first, so that the spans can be removed if the run ends in the middle.
    Report.objects.filter(pk=report.pk, claim=report.claim).update(position=report.position)
    rule_ids = store_spans(report, stored_form)
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        if report.holds_claim():
            finish_report(report, stored_form, rule_ids, spans.find_neighbours(report))


def find_changes_since_previous(
    report: Report, neighbours: spans.Neighbours
) -> list[Change[int]] | None:
    """Return the changes since the ready report before, None if there is none."""
    if neighbours.before is None:
        return None
    earlier_reports = select_ready_reports(report).filter(position__lt=report.position)
    previous = earlier_reports.order_by("position").last()
    return differences.compare_reports(previous, report).changes if previous else None


def select_ready_reports(report: Report) -> ReportQuerySet:
    """Return the ready reports of the report's pack."""
    return Report.objects.ready().filter(pack=report.pack_id).with_change_fields()


def set_position_and_statuses(report: Report, contents: Contents) -> None:
    """Set the report's position and what its file lists, before its rows are stored."""
    report.position = report.compute_position()
    report.listed_statuses = [Status[name] for name in contents.lists]
    if report.source == Report.Source.IMPORTED and contents.pack_name:
        update_pack_names(report, contents.pack_name[:200])


def update_pack_names(report: Report, pack_name: str) -> None:
    """Give the report the pack's name in its file, and the pack too if it has no name yet."""
    if pack_name != report.pack_name:
        Report.objects.filter(pk=report.pk, claim=report.claim).update(pack_name=pack_name)
    if report.pack.name == report.pack.pack_id:
        unnamed_packs = Pack.objects.filter(
            pk=report.pack_id, imported=True, name=report.pack.pack_id
        )
        unnamed_packs.update(name=pack_name)


def store_spans(report: Report, stored_form: StoredForm) -> dict[int, int]:
    """Store the file's rules and rows. Return the ids of the rules by their number in the file."""
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        rule_ids = rule_rows.store_rules(report.pack, stored_form.contents.rules)
    groups = [build_group_columns(group, rule_ids) for group in stored_form.groups]
    spans.store_evaluations(report, stored_form.read_buckets(), groups)
    return rule_ids


def build_group_columns(group: EvaluationGroup, rule_ids: dict[int, int]) -> spans.GroupColumns:
    rule, status, risk, account, region, resource_type, _rows = group
    return (rule_ids[rule], status, risk or Risk.NOT_STATED.value, account, region, resource_type)


@contextmanager
def pause_garbage_collection() -> Iterator[None]:
    """Turn off the collector of cycles: it would take a fifth of the time to store a report."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def finish_report(
    report: Report, stored_form: StoredForm, rule_ids: dict[int, int], neighbours: spans.Neighbours
) -> None:
    """Write rule results and sheets and make the report ready.

    The caller holds the pack's lock, in a transaction, which is rolled back if the claim was lost.
    """
    contents = stored_form.contents
    if report.reader_version:  # the report was ready before and is being rebuilt
        report.rule_results.all().delete()
        report.sheets.all().delete()
    changes = find_changes_since_previous(report, neighbours)
    results = report_summary.build_rule_results(report, contents, rule_ids)
    report_summary.set_rule_changes(results, changes)
    report_summary.insert_rule_results(results)
    Sheet.objects.bulk_create(report_summary.build_sheets(report, contents))
    if neighbours.after < FOREVER:
        update_next_report(report)
    ready = report.finish_step(
        state=Report.State.READY,
        ended_at=report.ended_at or timezone.now(),
        position=report.position,
        **report_summary.summarize_report(report, contents, stored_form.groups, results),
        **report_summary.count_report_changes(changes),
    )
    if not ready:
        transaction.set_rollback(True)


def update_next_report(report: Report) -> None:
    """Count the changes of the pack's next ready report again: this report is now before it."""
    later_reports = select_ready_reports(report).filter(position__gt=report.position)
    next_report = later_reports.order_by("position").first()
    if next_report is None:
        return
    changes = differences.compare_reports(report, next_report).changes
    results = list(next_report.rule_results.order_by())
    report_summary.set_rule_changes(results, changes)
    RuleResult.objects.bulk_update(results, ["new", "fixed"])
    counts = report_summary.count_report_changes(changes)
    Report.objects.filter(pk=next_report.pk).update(**counts)
