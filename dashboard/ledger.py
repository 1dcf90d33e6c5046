"""Entering a read file into the ledger: its rules, its spans, its counts, and what others' counts say of ours."""

import datetime as dt
import gc
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple, Self

from django.db import transaction
from django.utils import timezone

from dashboard import archive, comparison, reconciliation, spans
from dashboard.bulk import Insert
from dashboard.comparison import Bucket, Change, Lists
from dashboard.models import Pack, Report, Risk, Rule, RuleResult, Sheet, Status
from dashboard.models.evaluations import FOREVER, position_of
from dashboard.workbook import READER, Contents, Evaluated, Group, Reading, RuleInfo

SMALL = 5_000  # rows that are entered in one transaction
FIELDS = {status: status.field for status in Status}
NAMES = {status.value: status.name for status in Status}
PLAIN = ("report_id", "rule_id", "name", "risk", *FIELDS.values(), "new", "fixed")
NEW_RESULTS = Insert(RuleResult, ("parameters", "stated", *PLAIN))
plain_columns = attrgetter(*PLAIN)
KnownRules = dict[str, dict[str, Any]]  # the columns of a pack's rules, by key


class Entered(NamedTuple):
    """A small report and its rows: whoever enters the next one of its pack need not look them up."""

    report: Report
    rules: KnownRules
    rows: dict[int, Evaluated]  # by key
    groups: list[spans.Shared]

    def unlike(self, newer: Self) -> list[int]:
        """The keys of which the two do not say the same."""
        ours, theirs = self.rows, newer.rows
        return [key for key, row in theirs.items() if key not in ours or ours[key][1] != row[1]] + [
            *(ours.keys() - theirs.keys())
        ]

    def changes(self, newer: Self, keys: list[int]) -> list[Change[int]]:
        """What has changed by a newer report, of which the two do not say the same."""
        lists = Lists(frozenset(self.report.lists), frozenset(newer.report.lists))
        return list(comparison.differing(self.said(keys), newer.said(keys), lists))

    def said(self, keys: list[int]) -> dict[int, comparison.Said[int]]:
        found = [self.rows[key] for key in keys if key in self.rows]
        return {row.key: (row.key, *self.groups[row.group][:3], row.resource_id) for row in found}


def enter(report: Report) -> None:
    """Puts what the file says into the database; the report is ready, or as it was where its claim was lost."""
    with without_collecting(), archive.reading(report) as reading:
        if reading.contents.rows <= SMALL:
            with transaction.atomic():
                Pack.objects.hold(report.pack_id)
                enter_small(report, reading)
            return
        prepare(report, reading)
        rules = span(report, reading)
        with transaction.atomic():
            Pack.objects.hold(report.pack_id)  # no two of its reports end between each other
            conclude(report, reading, rules, spans.neighbours(report))


class InTurn:
    """Enters small reports, one after another, and remembers the last."""

    def __init__(self) -> None:
        self._last: Entered | None = None

    def enter(self, reports: Sequence[Report]) -> bool:
        """Takes some of one pack, whose files have been read, from nobody's hands to their end; all of them or none.

        The transaction is the claim: it keeps others away for as long as it lasts, and ends with whoever is killed.
        """
        last, self._last = self._last, None
        with without_collecting(), ExitStack() as stack:
            readings = [stack.enter_context(archive.reading(report)) for report in reports]
            if any(reading.contents.rows > SMALL for reading in readings):
                return False
            with transaction.atomic():
                Pack.objects.hold(reports[0].pack_id)
                if not Report.objects.claim(reports):
                    transaction.set_rollback(True)
                    return False
                for report, reading in zip(reports, readings, strict=True):
                    last = enter_small(report, reading, last)
        self._last = last
        return True


def enter_small(report: Report, reading: Reading, last: Entered | None = None) -> Entered | None:
    """Enters a report whose rows need neither much time nor much memory, while its pack is held.

    The next one may be given what this gives. Rolls back, and gives nothing, where the claim was lost.
    """
    prepare(report, reading)
    rows = {row.key: row for bucket in reading.buckets() for row in bucket}
    last = last if last and last.report.pack_id == report.pack_id else None
    known = rules_of(report.pack, reading.contents.rules, last.rules if last else None)
    rules = numbered(reading.contents.rules, known)
    entered = Entered(report, known, rows, [ours(group, rules) for group in reading.groups])
    beside, changes = spans.neighbours(report), None
    if last and last.report.position == beside.before:
        keys = last.unlike(entered)
        changes = last.changes(entered, keys)
        spans.put_changed(report, beside.after, keys, rows, entered.groups)
    else:
        spans.put_range(report, 0, FOREVER, rows, entered.groups)
    return entered if conclude(report, reading, rules, beside, changes) else None


def prepare(report: Report, reading: Reading) -> None:
    """What the report is, before anything of it is in the database."""
    report.lists = [Status[word] for word in reading.contents.lists]
    report.position = place_of(report)
    if report.source == Report.Source.IMPORTED and reading.contents.pack_name:
        name(report, reading.contents.pack_name[:200])


def span(report: Report, reading: Reading) -> dict[int, int]:
    """Makes the pack's spans say what the file says; returns the ids of its rules by their number in the file."""
    Report.objects.filter(pk=report.pk, claim=report.claim).update(position=report.position)
    rules = numbered(reading.contents.rules, rules_of(report.pack, reading.contents.rules))
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


def name(report: Report, pack_name: str) -> None:
    """An imported file tells its pack's name as it was then; so it does the pack's own, where nobody knows a better."""
    if pack_name != report.pack_name:
        Report.objects.filter(pk=report.pk, claim=report.claim).update(pack_name=pack_name)
    if report.pack.name == report.pack.pack_id:
        unnamed = Pack.objects.filter(pk=report.pack_id, imported=True, name=report.pack.pack_id)
        unnamed.update(name=pack_name)
        report.pack.name = pack_name


def place_of(report: Report) -> int:
    """The report's position among those of its pack; the same one when it is entered again."""
    assert report.created_at is not None  # noqa: S101  # known before anything is read
    assert report.original_id is not None  # noqa: S101  # as above
    return position_of(report.created_at, report.original_id)


def rules_of(pack: Pack, infos: list[RuleInfo], known: KnownRules | None = None) -> KnownRules:
    """The pack's rules: new ones are made, known ones learn the file's words. `known` is how they just were."""
    told = {info.key[:300]: words(info) for info in infos}
    known = known or known_rules(pack)
    if new := [Rule(pack=pack, key=key, **said) for key, said in told.items() if key not in known]:
        Rule.objects.bulk_create(new, ignore_conflicts=True)
        known = known_rules(pack)
    for key, said in told.items():
        # What a file says otherwise is taken over, never an empty word for a full one.
        if better := {name: word for name, word in said.items() if word and word != known[key][name]}:
            Rule.objects.filter(pk=known[key]["pk"]).update(**better)
            known[key] |= better
    return known


def numbered(infos: list[RuleInfo], known: KnownRules) -> dict[int, int]:
    """The ids of rules by their number in the file."""
    return {info.number: known[info.key[:300]]["pk"] for info in infos}


def words(info: RuleInfo) -> dict[str, str]:
    return {
        "rule_id": info.rule_id[:64],
        "name": info.name[:300],
        "identifier": info.identifier[:200],
        "description": info.description,
        "remediation": info.remediation,
    }


def known_rules(pack: Pack) -> KnownRules:
    rows = pack.rules.values("pk", "key", "rule_id", "name", "identifier", "description", "remediation")
    return {row["key"]: {**row} for row in rows}


def conclude(
    report: Report,
    reading: Reading,
    rules: dict[int, int],
    beside: spans.Beside,
    changes: list[Change[int]] | None = None,
) -> bool:
    """Writes rules, sheets and counts, and makes the report ready; rolls back and is false where its claim was lost.

    `changes` are those since the report before, where somebody has reckoned them.
    """
    contents = reading.contents
    lists = set(report.lists)
    results = [result(report, info, rules[info.number], lists) for info in contents.rules]
    overview = by_status(contents.stated)
    counts = {status: total(status, lists, results, overview) for status in Status}
    rated = counts if Status.COMPLIANT in lists else overview
    checked, mismatches = reconciliation.held_against(contents, results, counts, report.stated)
    by_risk = failing_by_risk(reading.groups)
    if report.reader:  # it was ready before
        report.rule_results.all().delete()
        report.sheets.all().delete()
    line = report.pack.reports.ready().order_by("position").only("pack", "position", "lists")
    if changes is None and beside.before and (before := line.filter(position__lt=report.position).last()):
        changes = comparison.between(before, report).changes
    changed = counted(changes, results)
    NEW_RESULTS.write([in_columns(one) for one in results])
    Sheet.objects.bulk_create(sheets_of(report, contents))
    ready = report.move(
        state=Report.State.READY,
        ended_at=report.ended_at or timezone.now(),
        position=report.position,
        reader=READER,
        kind=contents.kind,
        language=contents.language,
        lists=report.lists,
        notes=[{"code": note.code, "facts": note.facts} for note in contents.notes] + mismatches,
        stated={**report.stated, "overview": contents.stated, "checked": checked},
        evaluated_at=moment(contents.evaluated_to),
        content=contents.content,
        choices=choices(reading.groups),
        scope=scope(contents),
        rated_compliant=rated.get(Status.COMPLIANT, 0),
        rated_failing=rated.get(Status.NON_COMPLIANT, 0) if Status.COMPLIANT in rated else 0,
        rows=contents.rows,
        rules=len(results),
        failing_high=by_risk[Risk.HIGH],
        failing_medium=by_risk[Risk.MEDIUM],
        failing_low=by_risk[Risk.LOW],
        **{FIELDS[status]: number for status, number in counts.items()},
        **changed,
    )
    if not ready:  # whoever has the claim now writes the same
        transaction.set_rollback(True)
    elif beside.after < FOREVER and (after := line.filter(position__gt=report.position).first()):
        reckon_anew(after, report)
    return ready


def failing_by_risk(groups: list[Group]) -> Counter[int]:
    found: Counter[int] = Counter()
    for group in groups:
        if group.status == Status.NON_COMPLIANT:
            found[group.risk] += group.rows
    return found


def choices(groups: list[Group]) -> dict[str, list[str]]:
    """What the rows have to choose from, each column sorted."""
    present = [group for group in groups if group.rows]
    columns = {"regions": "region", "types": "resource_type", "accounts": "account"}
    return {name: sorted({getattr(group, field) for group in present} - {""}) for name, field in columns.items()}


def result(report: Report, info: RuleInfo, rule: int, lists: set[int]) -> RuleResult:
    """A rule's counts: of the rows for what the file lists row by row, the file's own number for the rest."""
    return RuleResult(
        report_id=report.pk,
        rule_id=rule,
        name=info.name[:300],
        risk=info.risk or Risk.NOT_STATED,
        parameters=report.stated.get("parameters", {}).get(info.rule_id),
        stated={NAMES[status]: number for status, number in info.stated.items()},
        **{field: (info.counts if status in lists else info.stated).get(status, 0) for status, field in FIELDS.items()},
    )


def in_columns(result: RuleResult) -> tuple[Any, ...]:
    """A result as a row of NEW_RESULTS."""
    parameters = None if result.parameters is None else json.dumps(result.parameters)
    return (parameters, json.dumps(result.stated), *plain_columns(result))


def scope(contents: Contents) -> int | None:
    """A hash over the rules and their risks; None where the file lists failing rules at most."""
    if not any(sheet.role == "rules" for sheet in contents.sheets):
        return None
    rules = "\x1e".join(sorted(f"{rule.key}\x1f{rule.risk}" for rule in contents.rules))
    return int.from_bytes(blake2b(rules.encode(), digest_size=8).digest()) >> 1


def by_status(stated: dict[str, int]) -> dict[Status, int]:
    names = {status.name: status for status in Status}
    return {names[word.upper()]: number for word, number in stated.items() if word.upper() in names}


def total(status: Status, lists: set[int], results: list[RuleResult], overview: dict[Status, int]) -> int:
    """How many rows have the status or, where the file lists none of that kind, how many it says there are."""
    found: int = sum(map(attrgetter(FIELDS[status]), results))
    return found if found or status in lists else overview.get(status, 0)


def sheets_of(report: Report, contents: Contents) -> Iterator[Sheet]:
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


def moment(text: str | None) -> dt.datetime | None:
    """A time that a file states, taken in the cloud's zone (UTC+8) where it names none; None if it is no time."""
    try:
        found = dt.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.timezone(dt.timedelta(hours=8)))


def counted(changes: list[Change[int]] | None, results: list[RuleResult]) -> dict[str, int | None]:
    """How many are new, fixed and gone, of the whole; and of each rule, written into `results`.

    Nothing is said where there is no report before, and so no changes.
    """
    if changes is None:
        return {"new": None, "fixed": None, "gone": None}
    by_rule = Counter((change.rule, change.bucket) for change in changes)
    for one in results:
        one.new, one.fixed = by_rule[one.rule_id, Bucket.NEW_FAILURE], by_rule[one.rule_id, Bucket.FIXED]
    by_bucket = Counter(change.bucket for change in changes)
    named = {"new": Bucket.NEW_FAILURE, "fixed": Bucket.FIXED, "gone": Bucket.GONE_FAILING}
    return {name: by_bucket[bucket] for name, bucket in named.items()}


def reckon_anew(report: Report, before: Report) -> None:
    """The same for a ready report that has another before it now."""
    results = list(report.rule_results.order_by())
    changed = counted(comparison.between(before, report).changes, results)
    Report.objects.filter(pk=report.pk).update(**changed)
    RuleResult.objects.bulk_update(results, ["new", "fixed"])
