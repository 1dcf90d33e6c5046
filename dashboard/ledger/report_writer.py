"""Store the contents of a report's file in the database, and make the report ready.

The rules, spans (evaluation rows), rule results and sheets are stored. A small file is stored in
one transaction, a large file in several, so that no other writer waits for long.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from dashboard.archive import stored_forms
from dashboard.ledger import (
    change_counts,
    cloud_rules,
    pack_summaries,
    report_summary,
    rule_rows,
    span_rows,
    spans,
)
from dashboard.ledger.earlier_readings import has_earlier_readings
from dashboard.models import Pack, Report, RequestedPack, Risk, Sheet, Status
from dashboard.models.evaluations import FOREVER
from dashboard.workbook import Contents, EvaluationGroup, StoredForm

# A file is small if it has at most this many rows, and its stored form (the contents read from it,
# see archive/stored_forms.py) at most this many bytes of evaluations.
SMALL_ROWS = 5_000
SMALL_BYTES = 8 * 2**20


def store_report(report: Report) -> None:
    """Store the contents of the report's file and make the report ready.

    The report stays unfinished if this worker lost its claim (see models/runs.py).
    """
    with pause_garbage_collection(), stored_forms.open_stored_form(report) as stored_form:
        if stored_form.contents.rows <= SMALL_ROWS and stored_form.evaluation_bytes <= SMALL_BYTES:
            store_in_one_transaction(report, stored_form)
        else:
            store_in_several_transactions(report, stored_form)


def store_in_one_transaction(report: Report, stored_form: StoredForm) -> None:
    """Store a small file. Writes nothing if this worker lost its claim."""
    rows = {row.key: row for bucket in stored_form.read_buckets() for row in bucket}
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        if not report.holds_claim():
            return
        set_position_and_statuses(report, stored_form.contents)
        rule_ids = rule_rows.store_rules(report.pack, stored_form.contents.rules)
        groups = [build_group_columns(group, rule_ids) for group in stored_form.groups]
        neighbours = spans.find_neighbours(report)
        spans.store_key_range(
            report,
            neighbours.after,
            first_key=0,
            end_key=FOREVER,
            rows=rows,
            groups=groups,
            completes_spans=has_earlier_readings(report),
        )
        finish_report(report, stored_form, rule_ids, neighbours)


def store_in_several_transactions(report: Report, stored_form: StoredForm) -> None:
    """Store a large file: its rules, its spans in ranges of keys, and at last its summary."""
    set_position_and_statuses(report, stored_form.contents)
    # Save the position first, so that the spans can be removed if the run ends in the middle.
    Report.objects.filter(pk=report.pk, claim=report.claim).update(position=report.position)
    rule_ids = store_spans(report, stored_form)
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        if report.holds_claim():
            finish_report(report, stored_form, rule_ids, spans.find_neighbours(report))


def set_position_and_statuses(report: Report, contents: Contents) -> None:
    """Set the position and the listed statuses of the report, without saving them.

    The position orders the reports of a pack; the listed statuses are those that the file lists row
    by row, or file and evaluation results together. The rules of the pack that have no evaluation
    are added to the contents. For an imported report, the names of report and pack are updated in
    the database.
    """
    cloud_rules.add_rules_without_data(report, contents)
    report.position = report.compute_position()
    report.listed_statuses = [Status[name] for name in contents.lists]
    if report.source == Report.Source.IMPORTED and contents.pack_name:
        update_pack_names(report, contents.pack_name[:200])


def update_pack_names(report: Report, pack_name: str) -> None:
    """Save the pack's name from the file in the report.

    Save it in the pack too, if the pack was created by an import without a name (then its name is
    its ID).
    """
    if pack_name != report.pack_name:
        Report.objects.filter(pk=report.pk, claim=report.claim).update(pack_name=pack_name)
    if report.pack.name == report.pack.pack_id:
        unnamed_packs = Pack.objects.filter(
            pk=report.pack_id, imported=True, name=report.pack.pack_id
        )
        with transaction.atomic():
            if unnamed_packs.update(name=pack_name):
                Pack.objects.filter(pk=report.pack_id).update_summaries()


def store_spans(report: Report, stored_form: StoredForm) -> dict[int, int]:
    """Store the file's rules and spans, in several transactions.

    Return the database id of each rule, by the rule's number in the file.
    """
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        rule_ids = rule_rows.store_rules(report.pack, stored_form.contents.rules)
    groups = [build_group_columns(group, rule_ids) for group in stored_form.groups]
    spans.store_evaluations(report, stored_form.read_buckets(), groups)
    return rule_ids


def build_group_columns(group: EvaluationGroup, rule_ids: dict[int, int]) -> span_rows.GroupColumns:
    """Return the column values that all rows of the group share, with the rule's database id."""
    rule, status, risk, account, region, resource_type, _rows = group
    return (rule_ids[rule], status, risk or Risk.NOT_STATED.value, account, region, resource_type)


@contextmanager
def pause_garbage_collection() -> Iterator[None]:
    """Turn off the cyclic garbage collector: it would take a fifth of the time of storing."""
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
    """Save rule results, sheets and the summaries of report and pack; make the report ready.

    The caller must be in a transaction and hold the pack's lock. The transaction is rolled back if
    this worker lost its claim.
    """
    contents = stored_form.contents
    if report.reader_version:  # the report was ready before and is being rebuilt
        report.rule_results.all().delete()
        report.sheets.all().delete()
    results = report_summary.build_rule_results(report, contents, rule_ids)
    summary = report_summary.summarize_report(
        report, contents, stored_form.groups, results, rule_ids
    )
    report.failing, report.rules = summary["failing"], summary["rules"]
    report.stated_counts = summary["stated_counts"]
    lists_rules = cloud_rules.lists_rules(report, contents)
    listed_rules = frozenset(rule_ids.values()) if lists_rules else None
    comparison = change_counts.compare_with_previous(report, listed_rules)
    change_counts.set_rule_changes(results, comparison)
    report_summary.insert_rule_results(results)
    Sheet.objects.bulk_create(report_summary.build_sheets(report, contents))
    is_finished = report.finish_step(
        state=Report.State.READY,
        ended_at=report.ended_at or timezone.now(),
        position=report.position,
        error_code="",  # of a fault that has passed
        error_facts={},
        **summary,
        **change_counts.build_report_fields(comparison),
    )
    if not is_finished:
        transaction.set_rollback(True)
        return
    if neighbours.after < FOREVER:
        change_counts.count_next_report_again(report)
    pack_summaries.update_report_fields(report.pack_id)
    if report.source == Report.Source.GENERATED:
        RequestedPack.objects.record_late_success(report)
