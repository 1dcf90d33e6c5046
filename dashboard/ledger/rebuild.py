"""Rebuild the sheets, rule results and spans of a pack from the original files.

A span is one row for all consecutive reports that state the same evaluation. The same version of
the reader produces the same rows again; a newer version may read more, and a remark then says which
numbers have changed.

The spans are replaced in short transactions, one range of keys after another and all reports at
once, then the summary of one report after another: a page never finds an evaluation that is half
replaced, and other writers wait for less than a second. After an interruption, rebuild again.
"""

from django.db import transaction

from dashboard.archive import parallel_reading, stored_forms
from dashboard.ledger import cloud_rules, pack_resources, report_writer, rule_rows, span_rows, spans
from dashboard.ledger.reading_changes import copy_numbers, remark_changed_numbers
from dashboard.ledger.rebuilt_spans import compute_histories, split_buckets, split_keys
from dashboard.models import Evaluation, Pack, Report
from dashboard.models.evaluations import FOREVER
from dashboard.workbook.stored_form import BUCKET_SHIFT

SPANS_PER_TRANSACTION = 8_000  # they lock the database for about half a second


def rebuild_pack(pack: Pack) -> int:
    """Rebuild all reports of a pack and return their number.

    Raises WorkbookError or DamagedOriginalError if an original cannot be read; then the database is
    unchanged.
    """
    reports = find_reports_with_spans(pack)
    for _report, error in parallel_reading.read_files(reports, replace=True):
        if error:
            raise error
    rule_ids: dict[int, dict[int, int]] = {}
    for first_bucket, end_bucket in split_buckets(reports):
        while not replace_buckets(pack, rule_ids, first_bucket, end_bucket):
            pass  # another report was stored or removed meanwhile
    pack_resources.rebuild_resources(pack)
    reports = find_reports_with_spans(pack)
    for report in reports:
        rebuild_report_counts(report)
    return len(reports)


def find_reports_with_spans(pack: Pack) -> list[Report]:
    """Return the pack's ready reports, and those whose spans a worker is storing now.

    They are sorted by position, the number that orders the reports of a pack.
    """
    states = (Report.State.READY, Report.State.READING)
    reports = pack.reports.filter(state__in=states).exclude(position=None)
    return list(reports.order_by("position").select_related("pack__account", "original"))


def replace_buckets(
    pack: Pack, rule_ids: dict[int, dict[int, int]], first_bucket: int, end_bucket: int
) -> bool:
    """Replace the spans of the keys in these buckets by those of the stored forms.

    `rule_ids` are the database ids of each report's rules; those of new reports are added. Return
    False if the reports of the pack have changed meanwhile: then this is to be done again.
    """
    reports = find_reports_with_spans(pack)
    for report in reports:
        if report.pk not in rule_ids:
            rule_ids[report.pk] = store_rules_of_report(report)
    histories = compute_histories(reports, rule_ids, first_bucket, end_bucket)
    positions = [report.position for report in reports]
    first_key, end_key = first_bucket << BUCKET_SHIFT, min(end_bucket << BUCKET_SHIFT, FOREVER)
    for first, end, batch in split_keys(histories, first_key, end_key, SPANS_PER_TRANSACTION):
        columns = [row for history in batch for row in history.build_columns(pack.pk)]
        with transaction.atomic():
            Pack.objects.lock_row(pack.pk)
            if [report.position for report in find_reports_with_spans(pack)] != positions:
                return False
            old_spans = Evaluation.objects.filter(pack=pack, key__gte=first, key__lt=end)
            # One DELETE statement: delete() would also query for related rows, of which are none.
            old_spans._raw_delete(old_spans.db)
            if columns:
                span_rows.insert_spans(columns)
    return True


def store_rules_of_report(report: Report) -> dict[int, int]:
    """Store the rules of a report's file; return their database ids by their numbers there."""
    with stored_forms.open_stored_form(report) as stored_form, transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        cloud_rules.add_rules_without_data(report, stored_form.contents)
        return rule_rows.store_rules(report.pack, stored_form.contents.rules)


def rebuild_report_counts(report: Report) -> None:
    """Replace the rule results, sheets and counts of a ready report.

    Do nothing if a worker is storing the report now, or if it was withdrawn meanwhile.
    """
    if report.state != Report.State.READY:
        return
    earlier_numbers, earlier_remarks = copy_numbers(report), report.remarks
    with stored_forms.open_stored_form(report) as stored_form, transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        if not report.holds_claim():
            return
        report_writer.set_position_and_statuses(report, stored_form.contents)
        rule_ids = rule_rows.store_rules(report.pack, stored_form.contents.rules)
        neighbours = spans.find_neighbours(report)
        report_writer.finish_report(report, stored_form, rule_ids, neighbours)
        remark_changed_numbers(report, earlier_numbers, earlier_remarks)
