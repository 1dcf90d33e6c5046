"""Entering a read file into the ledger: its rules, its spans, its counts, and what others' counts say of ours."""

import datetime as dt
import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from django.db import transaction
from django.utils import timezone

from dashboard import archive, comparison, reconciliation, spans
from dashboard.comparison import Bucket
from dashboard.models import Pack, Report, Risk, Rule, RuleResult, Sheet, Status
from dashboard.models.evaluations import position_of
from dashboard.workbook import READER, Contents, Group, Reading, RuleInfo


def enter(report: Report) -> None:
    """Puts what the file says into the database; the report is ready, or as it was where its claim was lost."""
    with archive.reading(report) as reading:
        contents = reading.contents
        if report.source == Report.Source.IMPORTED and contents.pack_name:
            name(report, contents.pack_name[:200])
        place(report)
        rules = span(report, reading)
        conclude(report, contents, reading.groups, rules)


def span(report: Report, reading: Reading) -> dict[int, int]:
    """Makes the pack's spans say what the file says; returns the ids of its rules by their number in the file."""
    rules = rules_of(report.pack, reading.contents.rules)
    with without_collecting():
        spans.put(report, reading.buckets(), [ours(group, rules) for group in reading.groups])
    return rules


def ours(group: Group, rules: dict[int, int]) -> spans.Shared:
    """A group in the terms of the database."""
    place = (group.account, group.region, group.resource_type)
    return (rules[group.rule], group.status, group.risk or Risk.NOT_STATED.value, *place)


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


def place(report: Report) -> None:
    """Gives the report its position among those of its pack; the same one when it is entered again."""
    assert report.created_at is not None  # noqa: S101  # known before anything is read
    assert report.original_id is not None  # noqa: S101  # as above
    report.position = position_of(report.created_at, report.original_id)
    Report.objects.filter(pk=report.pk, claim=report.claim).update(position=report.position)


def rules_of(pack: Pack, infos: list[RuleInfo]) -> dict[int, int]:
    """The ids of the pack's rules by their number in the file; new ones are made, known ones learn the file's words."""
    told = {info.key[:300]: words(info) for info in infos}
    known = known_rules(pack)
    if new := [Rule(pack=pack, key=key, **said) for key, said in told.items() if key not in known]:
        Rule.objects.bulk_create(new, ignore_conflicts=True)
        known = known_rules(pack)
    for key, said in told.items():
        # What a file says otherwise is taken over, never an empty word for a full one.
        if better := {name: word for name, word in said.items() if word and word != known[key][name]}:
            Rule.objects.filter(pk=known[key]["pk"]).update(**better)
    return {info.number: known[info.key[:300]]["pk"] for info in infos}


def words(info: RuleInfo) -> dict[str, str]:
    return {
        "rule_id": info.rule_id[:64],
        "name": info.name[:300],
        "identifier": info.identifier[:200],
        "description": info.description,
        "remediation": info.remediation,
    }


def known_rules(pack: Pack) -> dict[str, dict[str, Any]]:
    rows = pack.rules.values("pk", "key", "rule_id", "name", "identifier", "description", "remediation")
    return {row["key"]: {**row} for row in rows}


def conclude(report: Report, contents: Contents, groups: list[Group], rules: dict[int, int]) -> None:
    """Writes rules, sheets and counts, and makes the report ready: all of it or nothing."""
    lists = [Status[name] for name in contents.lists]
    results = [result(report, info, rules[info.number], lists) for info in contents.rules]
    overview = by_status(contents.stated)
    counts = {status: total(status, lists, results, overview) for status in Status}
    rated = counts if Status.COMPLIANT in lists else overview
    checked, mismatches = reconciliation.held_against(contents, results, counts, report.stated)
    by_risk = failing_by_risk(groups)
    report.lists = lists
    with transaction.atomic():
        Pack.objects.hold(report.pack_id)  # no two of its reports end between each other
        report.rule_results.all().delete()
        report.sheets.all().delete()
        line = report.pack.reports.ready().order_by("position").only("pack", "position", "lists")
        before = line.filter(position__lt=report.position).last()
        changed = changes_since(before, report, results)
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
            content=contents.content,
            choices=choices(groups),
            scope=scope(contents),
            rated_compliant=rated.get(Status.COMPLIANT, 0),
            rated_failing=rated.get(Status.NON_COMPLIANT, 0) if Status.COMPLIANT in rated else 0,
            rows=contents.rows,
            rules=len(results),
            failing_high=by_risk[Risk.HIGH],
            failing_medium=by_risk[Risk.MEDIUM],
            failing_low=by_risk[Risk.LOW],
            **{status.field: number for status, number in counts.items()},
            **changed,
        )
        if not ready:  # the claim was lost: whoever has it now writes the same
            transaction.set_rollback(True)
            return
        if after := line.filter(position__gt=report.position).first():
            reckon_anew(after, report)


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


def result(report: Report, info: RuleInfo, rule: int, lists: list[Status]) -> RuleResult:
    """A rule's counts: of the rows for what the file lists row by row, the file's own number for the rest."""
    counts = {status: (info.counts if status in lists else info.stated).get(status, 0) for status in Status}
    return RuleResult(
        report=report,
        rule_id=rule,
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


def changes_since(before: Report | None, report: Report, results: list[RuleResult]) -> dict[str, int | None]:
    """What is new, fixed and gone against the report before, of the whole; and of each rule, written into `results`."""
    if before is None:
        return {"new": None, "fixed": None, "gone": None}
    changes = comparison.between(before, report).changes
    by_rule = Counter((change.rule, change.bucket) for change in changes)
    for one in results:
        one.new, one.fixed = by_rule[one.rule_id, Bucket.NEW_FAILURE], by_rule[one.rule_id, Bucket.FIXED]
    by_bucket = Counter(change.bucket for change in changes)
    named = {"new": Bucket.NEW_FAILURE, "fixed": Bucket.FIXED, "gone": Bucket.GONE_FAILING}
    return {name: by_bucket[bucket] for name, bucket in named.items()}


def reckon_anew(report: Report, before: Report) -> None:
    """The same for a ready report that has another before it now."""
    results = list(report.rule_results.order_by())
    Report.objects.filter(pk=report.pk).update(**changes_since(before, report, results))
    RuleResult.objects.bulk_update(results, ["new", "fixed"])
