"""Made-up reports of a company with thousands of packs, for the demo and for measurements.

Their numbers add up like those of real reports. The rows of the newest report of each pack are in
the database and, if wanted, its file in the archive; earlier reports have numbers only. Their
originals are not in the archive, so `manage.py verify` names each of them as missing: about 100,000
with 2,000 packs.
"""

import datetime as dt
import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction

from dashboard.archive import location, originals
from dashboard.ledger import pack_resources, pack_summaries, span_rows
from dashboard.management import company_rows
from dashboard.management.company_numbers import PackEvaluation, ReportNumbers
from dashboard.management.table_rows import TableRows, prepare_time
from dashboard.models import Account, Original, Pack, Report, RuleResult, Status
from dashboard.models.evaluations import make_position
from dashboard.sandbox.accounts import (
    SandboxAccount,
    SandboxPack,
    build_many_accounts,
    build_many_packs,
)
from dashboard.sandbox.pack_state import PackState
from dashboard.sandbox.report_files import build_report_file, build_report_file_name
from dashboard.sandbox.resources import REGIONS, RESOURCE_TYPES
from dashboard.workbook import READER_VERSION

HOUR, WEEK = dt.timedelta(hours=1), dt.timedelta(weeks=1)
PACKS_PER_TRANSACTION = 100
LABEL_WITHOUT_FILE = "Numbers only, made up for the demo"


@dataclass(frozen=True)
class CompanyPlan:
    """How large the company is.

    Each pack has one report a week for `weeks` weeks until `newest_at`; the newest report has about
    `rows` evaluations. With `with_files` the archive has the file of the newest report, and the
    label of the others says that they have none; without, no report has a file.
    """

    packs: int
    newest_at: dt.datetime
    packs_per_account: int = 10
    weeks: int = 52
    rows: int = 200
    with_files: bool = False

    @property
    def accounts(self) -> int:
        """The number of accounts; the last one may have fewer packs."""
        return -(-self.packs // self.packs_per_account)

    def count_reports(self, number: int) -> int:
        """Return how many reports the pack with this number has.

        One in a hundred has none, and the next one twice as many.
        """
        return self.weeks * {7: 0, 8: 2}.get(number % 100, 1)

    def get_newest_time(self, number: int) -> dt.datetime:
        """Return the evidence time of a pack's newest report; some packs have none for long."""
        is_overdue = number % 25 == 4
        delay = dt.timedelta(minutes=17 * number % 4_000, weeks=4 if is_overdue else 0)
        return self.newest_at - delay


class CompanyPack(NamedTuple):
    """A pack of the plan, with its number and with what its newest report shows."""

    number: int
    pack: Pack
    state: PackState
    evaluations: list[PackEvaluation]


def create_company(
    plan: CompanyPlan, endpoint: str = "", show_progress: Callable[[int], None] | None = None
) -> list[Pack]:
    """Create the accounts, the packs and their reports, and the summaries of the packs.

    `endpoint` is that of the accounts. `show_progress` is called with the number of packs that are
    complete. Packs that exist are left as they are, so an interrupted call can be repeated. Return
    all packs of the plan, in the order of their numbers.
    """
    location.require_archive()  # creates it, before there are originals that it does not have
    accounts = build_many_accounts(plan.accounts)
    known_packs = build_many_packs(
        accounts, plan.packs_per_account, plan.rows, company_rows.LAYOUT
    )[: plan.packs]
    stored_ids = set(Pack.objects.values_list("pack_id", flat=True))
    missing = [
        (number, known) for number, known in enumerate(known_packs) if known.id not in stored_ids
    ]
    accounts_by_uid = create_accounts(accounts, endpoint)
    for first in range(0, len(missing), PACKS_PER_TRANSACTION):
        batch = missing[first : first + PACKS_PER_TRANSACTION]
        create_batch(plan, batch, accounts_by_uid)
        if show_progress:
            show_progress(len(known_packs) - len(missing) + first + len(batch))
    packs = Pack.objects.filter(account__in=accounts_by_uid.values()).select_related("account")
    packs_by_id = {pack.pack_id: pack for pack in packs}
    return [packs_by_id[known.id] for known in known_packs]


@transaction.atomic
def create_batch(
    plan: CompanyPlan, known_packs: list[tuple[int, SandboxPack]], accounts: dict[str, Account]
) -> None:
    """Create packs with all that belongs to them, in one transaction."""
    batch = create_packs(known_packs, accounts)
    create_reports(plan, batch)
    create_newest_rows(batch)
    create_failed_runs(plan, batch)
    mark_packs(plan, batch)
    for company_pack in batch:
        pack_summaries.rebuild_pack_summary(company_pack.pack)
        pack_resources.rebuild_resources(company_pack.pack)


def create_accounts(
    known_accounts: tuple[SandboxAccount, ...], endpoint: str
) -> dict[str, Account]:
    """Create those of the sandbox's accounts that are missing; return all by their uid."""
    accounts = {account.uid: account for account in Account.objects.all()}
    missing = [known for known in known_accounts if known.uid not in accounts]
    for known in missing:
        account = Account(uid=known.uid, name=known.name_zh, endpoint=endpoint)
        account.access_key_id, account.secret = known.access_key_id, known.access_key_secret
        account.save()
        accounts[known.uid] = account
    return accounts


def create_packs(
    known_packs: list[tuple[int, SandboxPack]], accounts: dict[str, Account]
) -> list[CompanyPack]:
    """Create packs of the sandbox."""
    packs = Pack.objects.bulk_create(
        Pack(account=accounts[known.uid], pack_id=known.id, name=known.name, risk=known.risk)
        for _number, known in known_packs
    )
    batch = []
    for (number, known), pack in zip(known_packs, packs, strict=True):
        state = company_rows.build_newest_state(known)
        batch.append(CompanyPack(number, pack, state, company_rows.list_evaluations(state)))
    return batch


def create_reports(plan: CompanyPlan, batch: list[CompanyPack]) -> None:
    """Create the ready reports of these packs."""
    rows = [row for company_pack in batch for row in generate_reports(plan, company_pack)]
    missing_originals = [{"sha256": row["original_id"]} for row in rows if not row["file_name"]]
    TableRows(Original(size=1, stored_at=plan.newest_at)).write(missing_originals)
    template = Report(
        state=Report.State.READY,
        file_kind="biff8",
        reader_version=READER_VERSION,
        listed_statuses=[Status.NON_COMPLIANT, Status.IGNORED, Status.COMPLIANT],
        filter_choices={
            "regions": sorted(REGIONS),
            "types": sorted(RESOURCE_TYPES),
            "accounts": [],
        },
        resources_source=Report.ResourcesSource.ROWS,
        changes_by_reason={},
        high_risk_changes_by_reason={},
        count_checks=[],
        next_at=plan.newest_at,
        deadline_at=plan.newest_at,
    )
    TableRows(template).write(rows)


def generate_reports(plan: CompanyPlan, company_pack: CompanyPack) -> Iterator[dict[str, Any]]:
    """Yield the columns of a pack's reports, oldest first."""
    number, pack, state, evaluations = company_pack
    chance = random.Random(number)
    numbers = ReportNumbers(evaluations)
    weeks = numbers.choose_weeks(plan.count_reports(number), chance)
    for step, week in enumerate(weeks, start=1 - len(weeks)):  # the newest one is 0
        moment = plan.get_newest_time(number) + step * WEEK
        changes = {}
        if week.came is not None and week.left is not None:
            high_risk_came = week.came and chance.randrange(2)
            changes = build_changes(week.came, week.left, high_risk_came)
        yield {
            **build_times(moment),
            **build_file_columns(plan, company_pack, step, moment),
            **numbers.build_counts(week.failing),
            **changes,
            "pack_id": pack.pk,
            "pack_name": pack.name,
            "rules": len(state.rules),
        }


def build_times(moment: dt.datetime) -> dict[str, Any]:
    names = ("requested_at", "created_at", "received_at", "ended_at")
    return dict.fromkeys(names, prepare_time(moment))


def build_file_columns(
    plan: CompanyPlan, company_pack: CompanyPack, step: int, moment: dt.datetime
) -> dict[str, Any]:
    """Return the columns that say which file a report has; store the file of the newest one."""
    number, pack, state, _evaluations = company_pack
    columns = {"original_id": f"{number:08x}{-step:04x}{0:052x}", "file_name": "", "label": ""}
    if plan.with_files and step == 0:
        columns["file_name"] = build_report_file_name(state.pack, moment)
        columns["original_id"] = store_original(build_report_file(state, moment))
    elif plan.with_files:
        columns["label"] = LABEL_WITHOUT_FILE
    position = make_position(moment, columns["original_id"])
    return {**columns, "position": position, "content_hash": position ^ pack.pk}


def store_original(content: bytes) -> str:
    """Store a file in the archive and return its SHA-256."""
    original = originals.store_stream(io.BytesIO(content))
    originals.create_original_rows([original])
    return original.sha256


def build_changes(came: int, left: int, high_risk_came: int) -> dict[str, Any]:
    """Return the columns of what came and left since the report before."""
    all_risks = {"regressed": came, "fixed": left}
    high_risk = {"regressed": high_risk_came}
    return {
        "came": came,
        "left": left,
        "changes_by_reason": json.dumps({name: n for name, n in all_risks.items() if n}),
        "high_risk_changes_by_reason": json.dumps({name: n for name, n in high_risk.items() if n}),
    }


def create_newest_rows(batch: list[CompanyPack]) -> None:
    """Create rules, rule results and evaluations of the newest report of each pack."""
    results: list[RuleResult] = []
    for _number, pack, state, evaluations in batch:
        report = pack.reports.order_by("-position").only("pack", "position").first()
        if report is None:
            continue
        rules = company_rows.create_rules(pack, state)
        results += company_rows.build_results(report, rules, state, evaluations)
        spans = company_rows.build_spans(report, rules, evaluations, state.pack.language)
        span_rows.insert_spans(list(spans))
    RuleResult.objects.bulk_create(results)


def create_failed_runs(plan: CompanyPlan, batch: list[CompanyPack]) -> None:
    """Let the last generation of one pack in forty have failed, an hour after the newest report."""
    times = {pack.pk: plan.get_newest_time(number) + HOUR for number, pack, *_ in batch}
    Report.objects.bulk_create(
        Report(
            pack=pack,
            pack_name=pack.name,
            state=Report.State.FAILED,
            requested_at=times[pack.pk],
            ended_at=times[pack.pk],
            deadline_at=times[pack.pk],
            error_code="Throttling.User",
        )
        for number, pack, *_ in batch
        if number % 40 == 3
    )


def mark_packs(plan: CompanyPlan, batch: list[CompanyPack]) -> None:
    """Mark one pack in fifty as gone from the cloud, and one in fifty as only imported."""
    gone, imported = ([row.pack.pk for row in batch if row.number % 50 == rest] for rest in (6, 19))
    Pack.objects.filter(pk__in=gone).update(gone_at=plan.newest_at)
    Pack.objects.filter(pk__in=imported).update(imported=True)
