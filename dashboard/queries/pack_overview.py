"""Every pack at a glance: its latest report, the run under way, how the last one ended, the trend."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from dashboard.models import Account, Pack, Report
from dashboard.models.accounts import PackQuerySet

TREND = 12  # reports in a sparkline
SHOWN = ("new", "never", "failed")
# All that a row needs of a report, and of a pack.
NEEDED = (
    "pack",
    "state",
    "requested_at",
    "created_at",
    "new",
    "fixed",
    "failing",
    "rated_compliant",
    "rated_failing",
)
OF_PACK = ("pack_id", "name", "gone_at", "imported", "account__name", "account__uid")
OF_IT: Callable[[Pack], tuple[int | None, ...]] = attrgetter("latest", "run", "last", "since")
LAST = f"{Report._meta.db_table} WHERE pack_id = pack AND state = 'ready' AND position >= since"
# SQLite goes from pack to pack by itself; PostgreSQL must be told that they are few, or it reads all reports.
RECENT = {
    "sqlite": f"wanted CROSS JOIN {LAST}",
    "postgresql": f"wanted, LATERAL (SELECT * FROM {LAST} ORDER BY position DESC LIMIT {TREND}) AS recent",  # noqa: S608
}
BY_RISK = ("failing_high", "failing_medium", "failing_low")


@dataclass(frozen=True)
class PackRow:
    """A pack as the home page shows it."""

    pack: Pack
    latest: Report | None = None
    run: Report | None = None
    last: Report | None = None
    trend: list[tuple[int, int]] = field(default_factory=list)

    @property
    def can_generate(self) -> bool:
        return not self.pack.gone_at and not self.pack.imported

    @property
    def never(self) -> bool:
        return self.latest is None and self.can_generate

    @property
    def new(self) -> bool:
        return bool(self.latest and self.latest.new)

    @property
    def failed(self) -> bool:
        return bool(self.last and self.last.state == Report.State.FAILED)

    @property
    def badness(self) -> tuple[int, ...]:
        """Sorts worst first: failing by risk, then what nobody knows, then what is well, then what is gone."""
        if self.pack.gone_at:
            return (3,)
        if not self.latest:
            return (1,)
        latest = self.latest
        failing = (latest.failing_high, latest.failing_medium, latest.failing_low, latest.failing)
        return (0 if latest.failing else 2, *(-count for count in failing))


def load_pack_rows(packs: PackQuerySet) -> list[PackRow]:
    """The rows of these packs, worst first, in three queries however many packs and reports there are."""
    of_pack = Report.objects.filter(pack=OuterRef("pk"))
    ready = of_pack.ready().order_by("-position")
    generated = of_pack.filter(source=Report.Source.GENERATED)
    chosen = packs.order_by().annotate(
        latest=Subquery(ready.values("pk")[:1]),
        since=Coalesce(Subquery(ready.values("position")[TREND - 1 : TREND]), 0),
        run=Subquery(generated.under_way().values("pk")[:1]),
        last=Subquery(generated.newest_first().values("pk")[:1]),
    )
    of = {pack: OF_IT(pack) for pack in chosen.select_related("account").only(*OF_PACK)}
    wanted = {report for found in of.values() for report in found[:3] if report}
    reports = {
        report.pk: report for report in Report.objects.filter(pk__in=wanted).only(*NEEDED, *BY_RISK)
    }
    trends = load_trends(
        {pack.pk: since or 0 for pack, (latest, *_, since) in of.items() if latest}
    )
    made = []
    for pack, found in of.items():
        latest, run, last = (reports.get(report or 0) for report in found[:3])
        made.append(PackRow(pack, latest, run, last, trends[pack.pk]))
    return sorted(made, key=lambda row: (row.badness, row.pack.name, row.pack.pk))


def load_trends(since: dict[int, int]) -> dict[int, list[tuple[int, int]]]:
    """Compliant and failing of the packs' ready reports, oldest first, each pack's from a position on.

    Written out, so that a database goes from pack to pack and reads the few entries of the index that are wanted.
    """
    trends: dict[int, list[tuple[int, int]]] = defaultdict(list)
    if since:
        wanted = ", ".join(["(%s, %s)"] * len(since))
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH wanted (pack, since) AS (VALUES {wanted}) "  # noqa: S608  # names of ours
                f"SELECT pack, rated_compliant, rated_failing FROM {RECENT[connection.vendor]} ORDER BY pack, position",
                list(chain.from_iterable(since.items())),
            )
            for pack, compliant, failing in cursor:
                trends[pack].append((compliant, failing))
    return trends


def group_by_account(rows: Iterable[PackRow]) -> dict[Account, list[PackRow]]:
    """The rows under their accounts, which stand in the order of their worst pack."""
    groups: dict[Account, list[PackRow]] = defaultdict(list)
    for row in rows:
        groups[row.pack.account].append(row)
    return dict(groups)


def poll_delay(reports: Iterable[Report]) -> int:
    """Seconds until a page should ask again about reports under way: 2 for a young one, up to 15 for an old one."""
    ages = [(timezone.now() - report.requested_at).total_seconds() for report in reports]
    return min(15, max(2, int(min(ages, default=0) / 10)))
