"""Entering a read file into the ledger: its rules, its spans, its results; its report is ready then."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

from django.db import transaction
from django.utils import timezone

from dashboard.archive import readings
from dashboard.comparison import differences
from dashboard.comparison.differences import Change, Lists
from dashboard.ledger import report_summary, rule_rows, spans
from dashboard.models import Pack, Report, Risk, RuleResult, Sheet, Status
from dashboard.models.evaluations import FOREVER, position_of
from dashboard.workbook import Contents, Evaluated, Group, Reading

SMALL, LIGHT = 5_000, 8 * 2**20  # rows and bytes of a file that is entered in one transaction


def enter(report: Report) -> None:
    """Puts what the file says into the database; the report is ready, or as it was where its claim was lost."""
    with without_collecting(), readings.reading(report) as reading:
        if page := page_of(report, reading):
            with transaction.atomic():
                Pack.objects.hold(report.pack_id)
                if report.holds_claim():
                    enter_page(page)
            return
        prepare(report, reading.contents)
        Report.objects.filter(pk=report.pk, claim=report.claim).update(position=report.position)
        rules = span(report, reading)
        with transaction.atomic():
            Pack.objects.hold(report.pack_id)  # no two of its reports end between each other
            if report.holds_claim():
                conclude(report, reading.contents, reading.groups, rules, spans.neighbours(report))


class Page(NamedTuple):
    """A report whose file is small, with all that it says."""

    report: Report
    contents: Contents
    groups: list[Group]
    rows: dict[int, Evaluated]  # by key


def page_of(report: Report, reading: Reading) -> Page | None:
    """None where the file is not small."""
    if reading.contents.rows > SMALL or reading.weight > LIGHT:
        return None
    rows = {row.key: row for bucket in reading.buckets() for row in bucket}
    return Page(report, reading.contents, reading.groups, rows)


class Entered(NamedTuple):
    """A page that has been entered: whoever enters the next one of its pack need not look these things up."""

    page: Page
    rules: rule_rows.KnownRules
    groups: list[spans.Shared]

    def unlike(self, newer: Page) -> list[int]:
        """The keys of which the two do not say the same."""
        ours, theirs = self.page.rows, newer.rows
        changed = [
            key for key, row in theirs.items() if key not in ours or ours[key].digest != row.digest
        ]
        return [*changed, *(ours.keys() - theirs.keys())]

    def changes(self, newer: Self, keys: list[int]) -> list[Change[int]]:
        """What has changed by a newer page, of which these are the keys that differ."""
        lists = Lists(frozenset(self.page.report.lists), frozenset(newer.page.report.lists))
        return list(differences.differing(self.said(keys), newer.said(keys), lists))

    def said(self, keys: list[int]) -> dict[int, differences.Said[int]]:
        rows = [self.page.rows[key] for key in keys if key in self.page.rows]
        return {row.key: (row.key, *self.groups[row.group][:3], row.resource_id) for row in rows}


def enter_page(page: Page, last: Entered | None = None) -> Entered | None:
    """Enters a small file while its pack is held; `last` is what this gave for another of the pack.

    Rolls back, and gives nothing, where the claim was lost.
    """
    report, contents, groups, rows = page
    prepare(report, contents)
    known = rule_rows.rules_of(report.pack, contents.rules, last.rules if last else None)
    rules = rule_rows.numbered(contents.rules, known)
    entered = Entered(page, known, [ours(group, rules) for group in groups])
    beside, changes = spans.neighbours(report), None
    if last and last.page.report.position == beside.before:
        keys = last.unlike(page)
        changes = last.changes(entered, keys)
        spans.put_changed(report, beside.after, keys, rows, entered.groups)
    else:
        spans.put_range(report, beside.after, 0, FOREVER, rows, entered.groups)
    return entered if conclude(report, contents, groups, rules, beside, changes) else None


def prepare(report: Report, contents: Contents) -> None:
    """What the report is, before anything of it is in the database."""
    assert report.created_at is not None  # noqa: S101  # known before anything is read
    assert report.original_id is not None  # noqa: S101  # as above
    report.position = position_of(report.created_at, report.original_id)
    report.lists = [Status[word] for word in contents.lists]
    if report.source == Report.Source.IMPORTED and contents.pack_name:
        name(report, contents.pack_name[:200])


def name(report: Report, pack_name: str) -> None:
    """An imported file tells its pack's name as it was then; so it does the pack's own, where nobody knows a better."""
    if pack_name != report.pack_name:
        Report.objects.filter(pk=report.pk, claim=report.claim).update(pack_name=pack_name)
    if report.pack.name == report.pack.pack_id:
        unnamed = Pack.objects.filter(pk=report.pack_id, imported=True, name=report.pack.pack_id)
        unnamed.update(name=pack_name)


def span(report: Report, reading: Reading) -> dict[int, int]:
    """Makes the pack's spans say what the file says; returns the ids of its rules by their number in the file."""
    with transaction.atomic():
        Pack.objects.hold(report.pack_id)
        rules = rule_rows.numbered(
            reading.contents.rules, rule_rows.rules_of(report.pack, reading.contents.rules)
        )
    spans.put(report, reading.buckets(), [ours(group, rules) for group in reading.groups])
    return rules


def ours(group: Group, rules: dict[int, int]) -> spans.Shared:
    """A group in the terms of the database."""
    rule, status, risk, account, region, resource_type, _rows = group
    return (rules[rule], status, risk or Risk.NOT_STATED.value, account, region, resource_type)


@contextmanager
def without_collecting() -> Iterator[None]:
    """No search for cycles meanwhile: rows hold none, and it would take a fifth of the time to store them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def conclude(
    report: Report,
    contents: Contents,
    groups: list[Group],
    rules: dict[int, int],
    beside: spans.Beside,
    changes: list[Change[int]] | None = None,
) -> bool:
    """Writes results and sheets, and makes the report ready; rolls back and is false where its claim was lost.

    `changes` are those since the report before, where somebody has reckoned them.
    """
    if report.reader:  # it was ready before
        report.rule_results.all().delete()
        report.sheets.all().delete()
    line = report.pack.reports.ready().order_by("position").only("pack", "position", "lists")
    if (
        changes is None
        and beside.before
        and (before := line.filter(position__lt=report.position).last())
    ):
        changes = differences.between(before, report).changes
    found = report_summary.results_of(report, contents, rules)
    changed = report_summary.counted(changes, found)
    report_summary.write(found)
    Sheet.objects.bulk_create(report_summary.sheets_of(report, contents))
    if beside.after < FOREVER and (after := line.filter(position__gt=report.position).first()):
        reckon_anew(after, report)
    ready = report.move(
        state=Report.State.READY,
        ended_at=report.ended_at or timezone.now(),
        position=report.position,
        **report_summary.figures(report, contents, groups, found),
        **changed,
    )
    if not ready:  # whoever has the claim now writes the same
        transaction.set_rollback(True)
    return ready


def reckon_anew(report: Report, before: Report) -> None:
    """Counts the changes of a ready report that has another before it now."""
    found = list(report.rule_results.order_by())
    changed = report_summary.counted(differences.between(before, report).changes, found)
    Report.objects.filter(pk=report.pk).update(**changed)
    RuleResult.objects.bulk_update(found, ["new", "fixed"])
