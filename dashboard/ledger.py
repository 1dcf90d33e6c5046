"""Entering a read file into the ledger: its rules, its spans, its counts, and what others' counts say of ours."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from django.db import transaction
from django.utils import timezone

from dashboard import archive, comparison, reconciliation, spans
from dashboard.comparison import Bucket
from dashboard.models import Pack, Report, Risk, Rule, RuleResult, Sheet, Status
from dashboard.models.evaluations import position_of
from dashboard.workbook import READER, Contents, Evaluated, Reading, RuleInfo

MASK = 2**63 - 1
MIX = 0x9E3779B97F4A7C15  # spreads neighbouring digests, so that a sum tells sets of rows apart


class Tally:
    """What is counted while the evaluations pass by, so that they pass once."""

    def __init__(self) -> None:
        self.content = 0
        self.failing_by_risk: Counter[int] = Counter()
        self.failing_resources: set[tuple[str, ...]] = set()
        self.places: set[tuple[str, str, str]] = set()

    def watch(self, buckets: Iterable[list[Evaluated]]) -> Iterator[list[Evaluated]]:
        for bucket in buckets:
            self.content += sum((row.key ^ (row.digest * MIX)) & MASK for row in bucket)
            self.places.update((row.region, row.resource_type, row.account) for row in bucket)
            failing = [row for row in bucket if row.status == Status.NON_COMPLIANT]
            self.failing_by_risk.update(row.risk for row in failing)
            self.failing_resources.update(
                (row.account, row.resource_type, row.resource_id.casefold()) for row in failing
            )
            yield bucket

    @property
    def choices(self) -> dict[str, list[str]]:
        columns = list(zip(*self.places, strict=True)) or [(), (), ()]
        named = zip(("regions", "types", "accounts"), columns, strict=True)
        return {name: sorted({value for value in column if value}) for name, column in named}


def enter(report: Report) -> None:
    """Puts what the file says into the database; the report is ready, or as it was where its claim was lost."""
    tally = Tally()
    with archive.reading(report) as reading:
        contents = reading.contents
        if report.source == Report.Source.IMPORTED and contents.pack_name:
            name(report, contents.pack_name[:200])
        place(report)
        rules = span(report, reading, tally)
        conclude(report, contents, rules, tally)


def span(report: Report, reading: Reading, tally: Tally) -> dict[int, Rule]:
    """Makes the pack's spans say what the file says; returns the rules by their number in the file."""
    infos = reading.contents.rules
    rules = rules_of(report.pack, infos)
    spans.put(report, tally.watch(reading.buckets()), {number: rule.pk for number, rule in rules.items()})
    return rules


def name(report: Report, pack_name: str) -> None:
    """An imported file tells its pack's name as it was then; so it does the pack's own, where nobody knows a better."""
    Report.objects.filter(pk=report.pk, claim=report.claim).update(pack_name=pack_name)
    unnamed = Pack.objects.filter(pk=report.pack_id, imported=True, name=report.pack.pack_id)
    unnamed.update(name=pack_name)


def place(report: Report) -> None:
    """Gives the report its position among those of its pack; the same one when it is entered again."""
    assert report.created_at is not None  # noqa: S101  # known before anything is read
    assert report.original_id is not None  # noqa: S101  # as above
    report.position = position_of(report.created_at, report.original_id)
    Report.objects.filter(pk=report.pk, claim=report.claim).update(position=report.position)


def rules_of(pack: Pack, infos: list[RuleInfo]) -> dict[int, Rule]:
    """The pack's rules by their number in the file; new ones are made, known ones learn the file's words."""
    known = {rule.key: rule for rule in pack.rules.all()}
    found = [
        Rule(
            pack=pack,
            key=info.key[:300],
            rule_id=info.rule_id[:64],
            name=info.name[:300],
            identifier=info.identifier[:200],
            description=info.description,
            remediation=info.remediation,
        )
        for info in infos
    ]
    Rule.objects.bulk_create([rule for rule in found if rule.key not in known], ignore_conflicts=True)
    for rule in found:
        if rule.key in known:
            learn(known[rule.key], rule)
    known = {rule.key: rule for rule in pack.rules.all()}
    return {info.number: known[info.key[:300]] for info in infos}


def learn(rule: Rule, told: Rule) -> None:
    """Takes over what a file says otherwise, never an empty word for a full one."""
    words = {name: getattr(told, name) for name in ("name", "identifier", "description", "remediation")}
    better = {name: word for name, word in words.items() if word and word != getattr(rule, name)}
    if better:
        Rule.objects.filter(pk=rule.pk).update(**better)


def conclude(report: Report, contents: Contents, rules: dict[int, Rule], tally: Tally) -> None:
    """Writes rules, sheets and counts, and makes the report ready: all of it or nothing."""
    lists = [Status[name] for name in contents.lists]
    results = [result(report, info, rules[info.number], lists) for info in contents.rules]
    overview = by_status(contents.stated)
    counts = {status: total(status, lists, results, overview) for status in Status}
    rated = counts if Status.COMPLIANT in lists else overview
    checked, mismatches = reconciliation.held_against(
        contents, results, counts, len(tally.failing_resources), report.stated
    )
    with transaction.atomic():
        report.rule_results.all().delete()
        report.sheets.all().delete()
        RuleResult.objects.bulk_create(results)
        Sheet.objects.bulk_create(sheets_of(report, contents))
        ready = report.move(
            state=Report.State.READY,
            ended_at=report.ended_at or timezone.now(),
            reader=READER,
            kind=contents.kind,
            language=contents.language,
            lists=lists,
            notes=[{"code": note.code, "facts": note.facts} for note in contents.notes] + mismatches,
            stated={**report.stated, "overview": contents.stated, "checked": checked},
            evaluated_at=moment(contents.evaluated_to),
            content=tally.content & MASK,
            choices=tally.choices,
            scope=scope(contents),
            rated_compliant=rated.get(Status.COMPLIANT, 0),
            rated_failing=rated.get(Status.NON_COMPLIANT, 0) if Status.COMPLIANT in rated else 0,
            rows=contents.rows,
            rules=len(results),
            failing_high=tally.failing_by_risk[Risk.HIGH],
            failing_medium=tally.failing_by_risk[Risk.MEDIUM],
            failing_low=tally.failing_by_risk[Risk.LOW],
            **{status.field: number for status, number in counts.items()},
        )
        if ready:
            reckon_changes_around(report)


def result(report: Report, info: RuleInfo, rule: Rule, lists: list[Status]) -> RuleResult:
    """A rule's counts: of the rows for what the file lists row by row, the file's own number for the rest."""
    counts = {status: (info.counts if status in lists else info.stated).get(status, 0) for status in Status}
    return RuleResult(
        report=report,
        rule=rule,
        name=info.name[:300],
        risk=info.risk or Risk.NOT_STATED,
        parameters=report.stated.get("parameters", {}).get(info.rule_id),
        stated={Status(status).name: number for status, number in info.stated.items()},
        **{status.field: number for status, number in counts.items()},
    )


def scope(contents: Contents) -> int | None:
    """A hash over the rules and their risks; None where the file lists failing rules at most."""
    if not any(sheet.role == "rules" for sheet in contents.sheets):
        return None
    rules = "\x1e".join(sorted(f"{rule.key}\x1f{rule.risk}" for rule in contents.rules))
    return int.from_bytes(blake2b(rules.encode(), digest_size=8).digest()) >> 1


def by_status(stated: dict[str, int]) -> dict[Status, int]:
    names = {status.name: status for status in Status}
    return {names[word.upper()]: number for word, number in stated.items() if word.upper() in names}


def total(status: Status, lists: list[Status], results: list[RuleResult], overview: dict[Status, int]) -> int:
    """How many rows have the status or, where the file lists none of that kind, how many it says there are."""
    counted: int = sum(getattr(one, status.field) for one in results)
    return counted if counted or status in lists else overview.get(status, 0)


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


def reckon_changes_around(report: Report) -> None:
    """What is new, fixed and gone in a report and in the one after it, each against the one before."""
    line = report.pack.reports.ready().order_by("position")
    before = line.filter(position__lt=report.position).last()
    after = line.filter(position__gt=report.position).first()
    reckon_changes(report, before)
    if after:
        reckon_changes(after, report)


def reckon_changes(report: Report, before: Report | None) -> None:
    if before is None:
        Report.objects.filter(pk=report.pk).update(new=None, fixed=None, gone=None)
        report.rule_results.update(new=None, fixed=None)
        return
    compared = comparison.between(before, report)
    counts = compared.counts
    Report.objects.filter(pk=report.pk).update(
        new=counts[Bucket.NEW_FAILURE], fixed=counts[Bucket.FIXED], gone=counts[Bucket.GONE_FAILING]
    )
    by_rule = Counter((change.rule, change.bucket) for change in compared.changes)
    pairs: dict[tuple[int, int], list[int]] = {}
    for pk, rule in report.rule_results.order_by().values_list("pk", "rule_id"):
        pairs.setdefault((by_rule[rule, Bucket.NEW_FAILURE], by_rule[rule, Bucket.FIXED]), []).append(pk)
    for (new, fixed), rules in pairs.items():  # a fraction of bulk_update's time: most rules change in few ways
        RuleResult.objects.filter(pk__in=rules).update(new=new, fixed=fixed)
