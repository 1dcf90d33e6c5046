"""Reports that stand in the database as if they had been read: for what depends on their number, not on their files."""

import datetime as dt
from collections.abc import Iterable

from django.db import connection, transaction

from dashboard.ledger import spans
from dashboard.models import Original, Pack, Report, Rule, RuleResult, Status
from dashboard.models.evaluations import FOREVER, make_position
from dashboard.workbook import Evaluated
from tests.bench import rows

START = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def rules_of(pack: Pack) -> list[Rule]:
    """The pack's rules, made if they are not there."""
    if not pack.rules.exists():
        named = [
            (f"cr-{number:020x}", f"security-baseline-rule-number-{number}")
            for number in range(rows.RULES)
        ]
        Rule.objects.bulk_create(
            Rule(pack=pack, key=key, rule_id=key, name=name) for key, name in named
        )
    return list(pack.rules.order_by("key"))


def reports(pack: Pack, days: Iterable[int]) -> list[Report]:
    """A ready report of the pack for each day, of nothing but its counts."""
    made = [report(pack, day, 0) for day in days]
    originals = [Original(sha256=one.original_id or "", size=1) for one in made]
    Original.objects.bulk_create(originals, ignore_conflicts=True, batch_size=5_000)
    return Report.objects.bulk_create(made, batch_size=1_000)


def judged(pack: Pack, number: int, steps: Iterable[int]) -> list[Report]:
    """A ready report of so many rows for each step, with its rules' results, one after the other as they come in."""
    rules = rules_of(pack)
    made: list[Report] = []
    before = None
    for day, step in enumerate(steps):
        one = report(pack, day, number)
        Original.objects.get_or_create(sha256=one.original_id, defaults={"size": 1})
        one.save()
        RuleResult.objects.bulk_create(result(one, place, rule) for place, rule in enumerate(rules))
        enter(
            one,
            rows.evaluated(number, step) if before is None else rows.changed(number, before, step),
            rules,
        )
        made.append(one)
        before = step
    return made


def settle() -> None:
    """What PostgreSQL does by itself within a minute of such a change: room made, rows counted for its plans."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")


def enter(report: Report, changed: list[Evaluated], rules: list[Rule]) -> None:
    """Paints the rows that changed since the report before, the latest so far, as spans.put_range does."""
    said = {row.key: row for row in changed}
    groups = rows.groups([rule.pk for rule in rules])

    def paint(key: int, stood: list[spans.Span]) -> list[spans.Span]:
        assert report.position is not None
        state = spans.Span(report.position, FOREVER, said[key].digest, groups[said[key].group][1])
        return spans.replace_interval(stood, report.position, FOREVER, state)

    with transaction.atomic():
        spans.rewrite_spans(
            report.pack_id, list(said), paint, lambda key: (said[key], groups[said[key].group])
        )


def report(pack: Pack, day: int, rows_each: int) -> Report:
    moment = START + dt.timedelta(days=day)
    sha256 = f"{day:08x}{pack.pk:056x}"
    failing = rows_each * 12 // 100
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
        content_hash=rows.mixed(pack.pk << 20 | day),
        filter_choices={
            "regions": list(rows.REGIONS),
            "types": list(rows.TYPES),
            "accounts": [rows.OWNER],
        },
        rows=rows_each,
        rules=rows.RULES,
        failing=failing,
        failing_high=failing // 3,
        failing_medium=failing // 3,
        failing_low=failing - failing // 3 * 2,
        compliant=rows_each - failing,
        new=day % 7,
        fixed=day % 5,
    )


def result(report: Report, number: int, rule: Rule) -> RuleResult:
    failing = report.failing // rows.RULES
    return RuleResult(
        report=report,
        rule=rule,
        name=rule.name,
        risk=1 + number % 3,
        failing=failing,
        compliant=report.rows // rows.RULES - failing,
        new=0,
        fixed=0,
    )
