"""Entering a read file into the ledger: its rules, its spans, its results; its report is ready then."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

from django.db import transaction
from django.utils import timezone

from dashboard.archive import readings
from dashboard.comparison import differences
from dashboard.comparison.differences import Change, ListedStatuses
from dashboard.ledger import report_summary, rule_rows, spans
from dashboard.models import Pack, Report, Risk, RuleResult, Sheet, Status
from dashboard.models.evaluations import FOREVER, make_position
from dashboard.workbook import Contents, Evaluated, Group, Reading

SMALL_ROWS, SMALL_BYTES = (
    5_000,
    8 * 2**20,
)  # rows and bytes of a file that is entered in one transaction


def store_report(report: Report) -> None:
    """Puts what the file says into the database; the report is ready, or as it was where its claim was lost."""
    with pause_garbage_collection(), readings.open_reading(report) as reading:
        if page := load_small_report(report, reading):
            with transaction.atomic():
                Pack.objects.lock_row(report.pack_id)
                if report.holds_claim():
                    store_small_report(page)
            return
        set_report_identity(report, reading.contents)
        Report.objects.filter(pk=report.pk, claim=report.claim).update(position=report.position)
        rules = store_spans(report, reading)
        with transaction.atomic():
            Pack.objects.lock_row(report.pack_id)  # no two of its reports end between each other
            if report.holds_claim():
                finish_report(
                    report, reading.contents, reading.groups, rules, spans.find_neighbours(report)
                )


class SmallReport(NamedTuple):
    """A report whose file is small, with all that it says."""

    report: Report
    contents: Contents
    groups: list[Group]
    rows: dict[int, Evaluated]  # by key


def load_small_report(report: Report, reading: Reading) -> SmallReport | None:
    """None where the file is not small."""
    if reading.contents.rows > SMALL_ROWS or reading.weight > SMALL_BYTES:
        return None
    rows = {row.key: row for bucket in reading.buckets() for row in bucket}
    return SmallReport(report, reading.contents, reading.groups, rows)


class StoredReport(NamedTuple):
    """A page that has been entered: whoever enters the next one of its pack need not look these things up."""

    page: SmallReport
    rules: rule_rows.RulesByKey
    groups: list[spans.GroupColumns]

    def unlike(self, newer: SmallReport) -> list[int]:
        """The keys of which the two do not say the same."""
        ours, theirs = self.page.rows, newer.rows
        changed = [
            key for key, row in theirs.items() if key not in ours or ours[key].digest != row.digest
        ]
        return [*changed, *(ours.keys() - theirs.keys())]

    def changes(self, newer: Self, keys: list[int]) -> list[Change[int]]:
        """What has changed by a newer page, of which these are the keys that differ."""
        lists = ListedStatuses(
            frozenset(self.page.report.listed_statuses),
            frozenset(newer.page.report.listed_statuses),
        )
        return list(differences.find_changes(self.said(keys), newer.said(keys), lists))

    def said(self, keys: list[int]) -> dict[int, differences.ComparedValues[int]]:
        rows = [self.page.rows[key] for key in keys if key in self.page.rows]
        return {row.key: (row.key, *self.groups[row.group][:3], row.resource_id) for row in rows}


def store_small_report(page: SmallReport, last: StoredReport | None = None) -> StoredReport | None:
    """Enters a small file while its pack is held; `last` is what this gave for another of the pack.

    Rolls back, and gives nothing, where the claim was lost.
    """
    report, contents, groups, rows = page
    set_report_identity(report, contents)
    known = rule_rows.update_rules(report.pack, contents.rules, last.rules if last else None)
    rules = rule_rows.rule_ids_by_number(contents.rules, known)
    entered = StoredReport(page, known, [group_columns(group, rules) for group in groups])
    beside, changes = spans.find_neighbours(report), None
    if last and last.page.report.position == beside.before:
        keys = last.unlike(page)
        changes = last.changes(entered, keys)
        spans.store_changed_keys(report, beside.after, keys, rows, entered.groups)
    else:
        spans.store_key_range(report, beside.after, 0, FOREVER, rows, entered.groups)
    return entered if finish_report(report, contents, groups, rules, beside, changes) else None


def set_report_identity(report: Report, contents: Contents) -> None:
    """What the report is, before anything of it is in the database."""
    assert report.created_at is not None  # noqa: S101  # known before anything is read
    assert report.original_id is not None  # noqa: S101  # as above
    report.position = make_position(report.created_at, report.original_id)
    report.listed_statuses = [Status[word] for word in contents.lists]
    if report.source == Report.Source.IMPORTED and contents.pack_name:
        update_pack_names(report, contents.pack_name[:200])


def update_pack_names(report: Report, pack_name: str) -> None:
    """An imported file tells its pack's name as it was then; so it does the pack's own, where nobody knows a better."""
    if pack_name != report.pack_name:
        Report.objects.filter(pk=report.pk, claim=report.claim).update(pack_name=pack_name)
    if report.pack.name == report.pack.pack_id:
        unnamed = Pack.objects.filter(pk=report.pack_id, imported=True, name=report.pack.pack_id)
        unnamed.update(name=pack_name)


def store_spans(report: Report, reading: Reading) -> dict[int, int]:
    """Makes the pack's spans say what the file says; returns the ids of its rules by their number in the file."""
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        rules = rule_rows.rule_ids_by_number(
            reading.contents.rules, rule_rows.update_rules(report.pack, reading.contents.rules)
        )
    spans.store_evaluations(
        report, reading.buckets(), [group_columns(group, rules) for group in reading.groups]
    )
    return rules


def group_columns(group: Group, rules: dict[int, int]) -> spans.GroupColumns:
    """A group in the terms of the database."""
    rule, status, risk, account, region, resource_type, _rows = group
    return (rules[rule], status, risk or Risk.NOT_STATED.value, account, region, resource_type)


@contextmanager
def pause_garbage_collection() -> Iterator[None]:
    """No search for cycles meanwhile: rows hold none, and it would take a fifth of the time to store them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def finish_report(
    report: Report,
    contents: Contents,
    groups: list[Group],
    rules: dict[int, int],
    beside: spans.Neighbours,
    changes: list[Change[int]] | None = None,
) -> bool:
    """Writes results and sheets, and makes the report ready; rolls back and is false where its claim was lost.

    `changes` are those since the report before, where somebody has reckoned them.
    """
    if report.reader_version:  # it was ready before
        report.rule_results.all().delete()
        report.sheets.all().delete()
    line = (
        report.pack.reports.ready().order_by("position").only("pack", "position", "listed_statuses")
    )
    if (
        changes is None
        and beside.before
        and (before := line.filter(position__lt=report.position).last())
    ):
        changes = differences.compare_reports(before, report).changes
    found = report_summary.build_rule_results(report, contents, rules)
    changed = report_summary.count_changes(changes, found)
    report_summary.insert_rule_results(found)
    Sheet.objects.bulk_create(report_summary.build_sheets(report, contents))
    if beside.after < FOREVER and (after := line.filter(position__gt=report.position).first()):
        update_change_counts(after, report)
    ready = report.finish_step(
        state=Report.State.READY,
        ended_at=report.ended_at or timezone.now(),
        position=report.position,
        **report_summary.summarize_report(report, contents, groups, found),
        **changed,
    )
    if not ready:  # whoever has the claim now writes the same
        transaction.set_rollback(True)
    return ready


def update_change_counts(report: Report, before: Report) -> None:
    """Counts the changes of a ready report that has another before it now."""
    found = list(report.rule_results.order_by())
    changed = report_summary.count_changes(
        differences.compare_reports(before, report).changes, found
    )
    Report.objects.filter(pk=report.pk).update(**changed)
    RuleResult.objects.bulk_update(found, ["new", "fixed"])
