"""Made-up reports of a company with thousands of packs, for the demo and for measurements.

Their numbers add up like those of real reports. The rows of the newest report of each pack are in
the database; earlier reports have numbers only.
"""

import datetime as dt
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import transaction

from dashboard.ledger import pack_resources, pack_summaries, span_rows
from dashboard.management.company_numbers import (
    RESOURCE_TYPES,
    RULES_PER_PACK,
    ReportNumbers,
    get_resource,
    get_risk,
    get_risk_of_rule,
    get_rule,
    get_type,
)
from dashboard.management.table_rows import TableRows, prepare_time
from dashboard.models import Account, Original, Pack, Report, Rule, RuleResult, Status
from dashboard.models.evaluations import FOREVER, make_position
from dashboard.models.search_texts import build_search_text
from dashboard.sandbox.accounts import (
    SandboxAccount,
    SandboxPack,
    build_many_accounts,
    build_many_packs,
)
from dashboard.sandbox.resources import REGIONS, Resource, build_resource
from dashboard.workbook import READER_VERSION, EvaluationRow, evaluation_hashes

WEEK = dt.timedelta(weeks=1)
SEED = 7  # of the sandbox's resources
PACKS_PER_TRANSACTION = 100
NumberedPack = tuple[int, Pack]
find_resource = lru_cache(1_000)(build_resource)  # several rules evaluate a resource


@dataclass(frozen=True)
class CompanyPlan:
    """How large the company is.

    Each pack has one report a week for `weeks` weeks until `newest_at`; the newest report has
    `rows` evaluations, a multiple of 10. `sha256` is the hash of a stored original that all reports
    share; if it is empty, each report has the hash of a file that does not exist.
    """

    packs: int
    newest_at: dt.datetime
    packs_per_account: int = 10
    weeks: int = 52
    rows: int = 200
    sha256: str = ""

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


def create_company(plan: CompanyPlan, endpoint: str = "") -> list[Pack]:
    """Create the accounts, the packs and their reports, and what is kept of the packs.

    `endpoint` is that of the accounts. Packs that exist are left as they are, so an interrupted
    call can be repeated. Return all packs of the plan, in the order of their numbers.
    """
    accounts = build_many_accounts(plan.accounts)
    known_packs = build_many_packs(accounts, plan.packs_per_account, plan.rows)[: plan.packs]
    stored_ids = set(Pack.objects.values_list("pack_id", flat=True))
    missing = [
        (number, known) for number, known in enumerate(known_packs) if known.id not in stored_ids
    ]
    accounts_by_uid = create_accounts(accounts, endpoint)
    numbers = ReportNumbers(plan.rows)
    for first in range(0, len(missing), PACKS_PER_TRANSACTION):
        with transaction.atomic():
            batch = create_packs(missing[first : first + PACKS_PER_TRANSACTION], accounts_by_uid)
            create_reports(plan, batch, numbers)
            create_newest_rows(plan, batch, numbers)
            create_failed_runs(plan, batch)
            mark_packs(plan, batch)
            for _number, pack in batch:
                pack_summaries.rebuild_summary(pack)
                pack_resources.rebuild_resources(pack)
    packs = Pack.objects.filter(account__in=accounts_by_uid.values()).select_related("account")
    packs_by_id = {pack.pack_id: pack for pack in packs}
    return [packs_by_id[known.id] for known in known_packs]


def create_accounts(
    known_accounts: tuple[SandboxAccount, ...], endpoint: str
) -> dict[str, Account]:
    """Create those of the sandbox's accounts that are missing; return all by their uid."""
    accounts = {account.uid: account for account in Account.objects.all()}
    missing = [known for known in known_accounts if known.uid not in accounts]
    for known in missing:
        account = Account(uid=known.uid, name=known.name_zh, endpoint=endpoint)
        account.access_key_id, account.secret = known.access_key_id, known.access_key_secret
        accounts[known.uid] = account
    Account.objects.bulk_create(accounts[known.uid] for known in missing)
    return accounts


def create_packs(
    known_packs: list[tuple[int, SandboxPack]], accounts: dict[str, Account]
) -> list[NumberedPack]:
    """Create packs of the sandbox; return them with their numbers."""
    packs = Pack.objects.bulk_create(
        Pack(account=accounts[known.uid], pack_id=known.id, name=known.name, risk=known.risk)
        for _number, known in known_packs
    )
    return [(number, pack) for (number, _known), pack in zip(known_packs, packs, strict=True)]


def create_reports(plan: CompanyPlan, batch: list[NumberedPack], numbers: ReportNumbers) -> None:
    """Create the ready reports of these packs."""
    rows = [row for number, pack in batch for row in generate_reports(plan, number, pack, numbers)]
    if not plan.sha256:
        originals = TableRows(Original(size=1, stored_at=plan.newest_at))
        originals.write([{"sha256": row["original_id"]} for row in rows])
    template = Report(
        state=Report.State.READY,
        file_name="report.xls",
        file_kind="biff8",
        reader_version=READER_VERSION,
        listed_statuses=[Status.NON_COMPLIANT, Status.IGNORED, Status.COMPLIANT],
        filter_choices={"regions": sorted(REGIONS), "types": list(RESOURCE_TYPES), "accounts": []},
        resources_source=Report.ResourcesSource.ROWS,
        rules=RULES_PER_PACK,
        changes_by_reason={},
        high_risk_changes_by_reason={},
        next_at=plan.newest_at,
        deadline_at=plan.newest_at,
    )
    TableRows(template).write(rows)


def generate_reports(
    plan: CompanyPlan, number: int, pack: Pack, numbers: ReportNumbers
) -> Iterator[dict[str, Any]]:
    """Yield the columns of a pack's reports, oldest first."""
    chance = random.Random(number)
    failing = chance.randrange(plan.rows * 2 // 5)
    count = plan.count_reports(number)
    for step in range(count):
        changes = {}
        if step:
            # Most weeks change little, as in real packs.
            came = min(chance.choice((0, 0, 0, 0, 1, 1, 2, 5)), numbers.max_failing - failing)
            left = min(chance.choice((0, 0, 0, 1, 1, 2, 3)), failing)
            failing += came - left
            changes = build_changes(came, left, high_risk_came=came and chance.randrange(2))
        moment = plan.get_newest_time(number) - (count - 1 - step) * WEEK
        identity = build_identity(pack, moment, plan.sha256 or f"{number:08x}{step:04x}{0:052x}")
        yield {**identity, **numbers.build_counts(failing), **changes}


def build_identity(pack: Pack, moment: dt.datetime, sha256: str) -> dict[str, Any]:
    """Return the columns that say which report it is."""
    position = make_position(moment, sha256)
    times = ("requested_at", "created_at", "received_at", "ended_at")
    return {
        "pack_id": pack.pk,
        "pack_name": pack.name,
        **dict.fromkeys(times, prepare_time(moment)),
        "original_id": sha256,
        "position": position,
        "content_hash": position ^ pack.pk,
    }


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


def create_newest_rows(
    plan: CompanyPlan, batch: list[NumberedPack], numbers: ReportNumbers
) -> None:
    """Create rules, rule results and evaluations of the newest report of each pack."""
    results: list[RuleResult] = []
    for number, pack in batch:
        report = pack.reports.order_by("-position").only("position", "failing").first()
        if report is None:
            continue
        rules = create_rules(pack)
        statuses = numbers.list_statuses(report.failing)
        results += build_results(report, rules, statuses)
        first_resource = number % plan.packs_per_account * plan.rows // RULES_PER_PACK
        span_rows.insert_spans(list(build_spans(report, pack, rules, statuses, first_resource)))
    RuleResult.objects.bulk_create(results)


def create_rules(pack: Pack) -> list[Rule]:
    rules = []
    for number in range(RULES_PER_PACK):
        key, name = f"cr-{pack.pk:08x}{number:012x}", f"baseline-rule-{number + 1}"
        rule = Rule(pack=pack, key=key, rule_id=key, name=name, identifier=name)
        rule.search_text = build_search_text(name, key)
        rules.append(rule)
    return Rule.objects.bulk_create(rules)


def build_results(report: Report, rules: list[Rule], statuses: list[Status]) -> list[RuleResult]:
    """Return the unsaved results of a report's rules."""
    counts = Counter((get_rule(row), status) for row, status in enumerate(statuses))
    return [
        RuleResult(
            report=report,
            rule=rule,
            name=rule.name,
            risk=get_risk_of_rule(number),
            changes_by_reason={},
            **{status.field: counts[number, status] for status in Status},
        )
        for number, rule in enumerate(rules)
    ]


def build_spans(
    report: Report, pack: Pack, rules: list[Rule], statuses: list[Status], first_resource: int
) -> Iterator[span_rows.SpanColumns]:
    """Yield the columns of a report's rows, which began with it.

    `first_resource` is the number of its first resource in the account.
    """
    position = report.require_position()
    for row, status in enumerate(statuses):
        rule = rules[get_rule(row)]
        uid, resource_type = pack.account.uid, get_type(row)
        resource = find_resource(SEED, uid, resource_type, first_resource + get_resource(row))
        group = (rule.pk, int(status), int(get_risk(row)), uid, resource.region, resource_type)
        evaluation = build_evaluation(resource, rule, row, status)
        interval = (position, FOREVER, position)
        yield span_rows.build_span_columns(pack.pk, evaluation, group, interval)


def build_evaluation(resource: Resource, rule: Rule, row: int, status: Status) -> EvaluationRow:
    """Return a row as the reader returns it."""
    finding = ("", "", "", "", "")
    if status is Status.NON_COMPLIANT:
        finding = ("false", "true", "Equals", "$.Encrypted", "")
    place = evaluation_hashes.hash_place(resource.uid, resource.region, resource.type)
    resource_hash = place ^ evaluation_hashes.hash_resource_id(resource.id)
    return EvaluationRow(
        evaluation_hashes.hash_rule(rule.key) ^ resource_hash,
        evaluation_hashes.hash_result(int(status), int(get_risk(row)), *finding[:3]),
        resource_hash,
        0,
        resource.id,
        resource.name,
        *finding,
        sheet=0,
        row=row,
    )


def create_failed_runs(plan: CompanyPlan, batch: list[NumberedPack]) -> None:
    """Let the last generation of one pack in forty have failed."""
    Report.objects.bulk_create(
        Report(
            pack=pack,
            pack_name=pack.name,
            state=Report.State.FAILED,
            requested_at=plan.newest_at,
            ended_at=plan.newest_at,
            deadline_at=plan.newest_at,
            error_code="Throttling.User",
        )
        for number, pack in batch
        if number % 40 == 3
    )


def mark_packs(plan: CompanyPlan, batch: list[NumberedPack]) -> None:
    """Let one pack in fifty be gone from the cloud, and one of an import."""
    gone, imported = ([pack.pk for n, pack in batch if n % 50 == rest] for rest in (6, 19))
    Pack.objects.filter(pk__in=gone).update(gone_at=plan.newest_at)
    Pack.objects.filter(pk__in=imported).update(imported=True)
