"""The search of the top bar: accounts, packs, rules and resources by name or id.

Rules and resources are found by the index of their search texts (see models/search_texts.py), so
the search takes as long with thousands of packs as with ten.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import connection, models
from django.db.models import Case, Count, Q, QuerySet, When
from django.db.models.expressions import RawSQL

from dashboard.models import Account, Evaluation, Pack, PackResource, PackSummary, Rule, Status
from dashboard.models.evaluations import FOREVER
from dashboard.models.search_texts import build_searched_part
from dashboard.queries.pack_choices import (
    filter_packs_by_words,
    select_matching_accounts,
    select_matching_packs,
)
from dashboard.queries.text_conditions import build_line_condition, build_part_condition

MAX_RESULTS = 20  # of each kind
# Several may be of one rule or one resource. To find exact names and ids among them all matches of
# the index are read: half a second for 500,000 of them.
MAX_MATCHES = 200
MAX_RANKED = 60  # resources whose statuses are compared
SHOWN_PACKS = 3  # of a rule
RULE_FIELDS = ("pk", "name", "identifier", "rule_id", "pack")
PACK_FIELDS = ("pk", "name", "account__name", "archived_at", "gone_at", "imported")
ModelT = TypeVar("ModelT", bound=models.Model)
RowT = TypeVar("RowT")
# All rows of a resource have the same id, type, region and account, but for their case.
RESOURCES_SQL = (
    "SELECT evaluation.resource, "  # noqa: S608
    "min(CASE WHEN summary.archived OR summary.gone THEN NULL ELSE status END), "
    "max(resource_id), max(resource_name), "
    "max(resource_type), max(region), max(evaluation.account) "
    f"FROM {PackResource._meta.db_table} AS matching_resource "
    f"JOIN {PackSummary._meta.db_table} AS summary ON summary.pack_id = matching_resource.pack_id "
    f"JOIN {Evaluation._meta.db_table} AS evaluation "
    "ON evaluation.pack_id = matching_resource.pack_id "
    f"AND evaluation.resource = matching_resource.resource AND evaluation.until = {FOREVER} "
    "WHERE matching_resource.resource IN ({hashes}) GROUP BY evaluation.resource"
)


class RuleRow(NamedTuple):
    """A rule of a pack, as RULE_FIELDS."""

    pk: int
    name: str
    code: str
    rule_id: str
    pack: int


class RulePack(NamedTuple):
    """What the page shows of a pack that has a rule, as PACK_FIELDS."""

    pk: int
    name: str
    account_name: str
    archived_at: Any
    gone_at: Any
    imported: bool

    @property
    def is_active(self) -> bool:
        return not (self.archived_at or self.gone_at)

    @property
    def has_tags(self) -> bool:
        return not self.is_active or self.imported


@dataclass(frozen=True)
class MatchingRule:
    """A rule by its name and code, with the packs that have it: (id of the rule there, pack).

    `is_complete` is false if there may be more packs than were looked at.
    """

    name: str
    code: str
    packs: list[tuple[int, RulePack]]
    is_complete: bool

    @property
    def shown_packs(self) -> list[tuple[int, RulePack]]:
        return self.packs[:SHOWN_PACKS]

    @property
    def more_count(self) -> int:
        """The number of other packs."""
        shown_packs = {pack.pk for _rule_id, pack in self.shown_packs}
        return len({pack.pk for _rule_id, pack in self.packs} - shown_packs)


@dataclass(frozen=True)
class MatchingResource:
    """A resource, and its worst status in the latest reports.

    Packs that are archived or gone do not count for `status`; None if only such have the resource.
    """

    resource_hash: int
    status: Status | None
    id: str
    name: str
    type: str
    region: str
    account: str


class PackCounts(NamedTuple):
    """How many packs match: those on home, and archived ones."""

    on_home: int
    archived: int

    @property
    def has_more(self) -> bool:
        return self.on_home + self.archived > MAX_RESULTS


@dataclass(frozen=True)
class SearchResults:
    """At most MAX_RESULTS of each kind.

    The numbers are those of all accounts and packs that match. `has_more_rules` and
    `has_more_resources` are true if there may be more than these. `is_ranked` is false if more
    resources match than had their statuses compared. `is_short` is true if the text is too short
    for rules and resources to be searched.
    """

    accounts: list[Account]
    account_count: int
    packs: list[Pack]
    pack_counts: PackCounts
    rules: list[MatchingRule]
    has_more_rules: bool
    resources: list[MatchingResource]
    has_more_resources: bool
    is_ranked: bool
    is_short: bool

    @property
    def has_more_accounts(self) -> bool:
        return self.account_count > len(self.accounts)

    @property
    def is_empty(self) -> bool:
        return not (self.accounts or self.packs or self.rules or self.resources)


@dataclass(frozen=True)
class Matches(Generic[RowT]):
    """Rows that match a text; `is_complete` is false if there may be others."""

    rows: list[RowT]
    is_complete: bool


def search_all(text: str) -> SearchResults:
    """Return the accounts, packs, rules and resources that match the text, exact ones first.

    Accounts and packs are searched by each word of the text, rules and resources by all of it.
    """
    searched_text = build_searched_part(text)
    accounts = list(select_matching_accounts(text).only("name", "uid")[: MAX_RESULTS + 1])
    packs = list(select_matching_packs(text)[: MAX_RESULTS + 1])
    rules = search_rules(searched_text)
    resources = search_resources(searched_text)
    return SearchResults(
        accounts=accounts[:MAX_RESULTS],
        account_count=count_accounts(accounts, text),
        packs=packs[:MAX_RESULTS],
        pack_counts=count_packs(packs, text),
        rules=rules.rows[:MAX_RESULTS],
        has_more_rules=not rules.is_complete or len(rules.rows) > MAX_RESULTS,
        resources=resources.rows[:MAX_RESULTS],
        has_more_resources=not resources.is_complete or len(resources.rows) > MAX_RESULTS,
        is_ranked=resources.is_complete,
        is_short=not searched_text,
    )


def count_accounts(first_accounts: list[Account], text: str) -> int:
    """Return how many accounts match; `first_accounts` are up to one more than MAX_RESULTS."""
    if len(first_accounts) <= MAX_RESULTS:
        return len(first_accounts)
    return select_matching_accounts(text).count()


def count_packs(first_packs: list[Pack], text: str) -> PackCounts:
    """Return how many packs match; `first_packs` are up to one more than MAX_RESULTS."""
    if len(first_packs) <= MAX_RESULTS:
        archived = sum(pack.archived_at is not None for pack in first_packs)
        return PackCounts(len(first_packs) - archived, archived)
    packs = filter_packs_by_words(Pack.objects.order_by(), text)
    is_archived = Q(archived_at__isnull=False)
    counts = packs.aggregate(all=Count("pk"), archived=Count("pk", filter=is_archived))
    return PackCounts(counts["all"] - counts["archived"], counts["archived"])


def search_rules(searched_text: str) -> Matches[MatchingRule]:
    """Return the rules whose name, code or id has the text, each once for all its packs.

    Rules with the text as name or code come first; of the packs of a rule, active ones.
    """
    matches = load_matches(Rule, searched_text, *RULE_FIELDS)
    rows = [RuleRow(*row) for row in matches.rows]
    packs = load_rule_packs({row.pack for row in rows})
    groups: dict[tuple[str, str], list[RuleRow]] = defaultdict(list)
    for row in rows:
        groups[row.name, row.code].append(row)
    rules = [
        MatchingRule(
            name,
            code or get_shared_id(group),
            sorted(
                ((row.pk, packs[row.pack]) for row in group), key=lambda pair: not pair[1].is_active
            ),
            matches.is_complete,
        )
        for (name, code), group in groups.items()
    ]
    exact_text = searched_text.strip("\n")

    def sort_key(rule: MatchingRule) -> tuple[bool, str, str]:
        is_exact = exact_text in (rule.name.casefold(), rule.code.casefold())
        return not is_exact, rule.name, rule.code

    return Matches(sorted(rules, key=sort_key), matches.is_complete)


def load_rule_packs(pack_ids: Collection[int]) -> dict[int, RulePack]:
    """Return packs by their ids."""
    rows = Pack.objects.filter(pk__in=pack_ids).order_by().values_list(*PACK_FIELDS)
    return {row[0]: RulePack(*row) for row in rows}


def get_shared_id(rules: Iterable[RuleRow]) -> str:
    """Return the id of the rules if all have the same; otherwise an empty text."""
    rule_ids = {rule.rule_id for rule in rules}
    return rule_ids.pop() if len(rule_ids) == 1 else ""


def search_resources(searched_text: str) -> Matches[MatchingResource]:
    """Return the resources whose id or name has the text: exact ones first, then failing ones.

    They must be in the latest report of a pack. If more than MAX_RANKED match, only so many are
    returned: exact ones, then any.
    """
    matches = load_matches(PackResource, searched_text, "resource")
    hashes = list(dict.fromkeys(resource_hash for (resource_hash,) in matches.rows))
    exact_text = searched_text.strip("\n")

    def sort_key(resource: MatchingResource) -> tuple[bool, bool, int, str]:
        is_exact = exact_text in (resource.id.casefold(), resource.name.casefold())
        status = resource.status
        return not is_exact, status is None, status or 0, resource.id

    resources = sorted(load_resources(hashes[:MAX_RANKED]), key=sort_key)
    return Matches(resources, matches.is_complete and len(hashes) <= MAX_RANKED)


def load_resources(resource_hashes: Collection[int]) -> list[MatchingResource]:
    """Return the resources that have these hashes.

    Written in SQL, because no foreign key leads from a resource of a pack to its evaluations.
    """
    if not resource_hashes:
        return []
    with connection.cursor() as cursor:
        placeholders = ", ".join(["%s"] * len(resource_hashes))
        cursor.execute(RESOURCES_SQL.format(hashes=placeholders), [*resource_hashes])
        return [
            MatchingResource(resource_hash, Status(status) if status else None, *texts)
            for resource_hash, status, *texts in cursor.fetchall()
        ]


def load_matches(model: type[ModelT], searched_text: str, *fields: str) -> Matches[tuple[Any, ...]]:
    """Return these fields of the rows that contain the text, in the order of their ids.

    Rows of which a whole line equals the text come first. At most MAX_MATCHES rows are returned.
    """
    if not searched_text:
        return Matches([], is_complete=True)
    is_exact = Case(When(build_exact_condition(searched_text), then=0), default=1)
    candidates = select_candidates(model, searched_text).order_by(is_exact, "pk")
    rows = list(candidates.values_list(*fields)[:MAX_MATCHES])
    return Matches(rows, is_complete=len(rows) < MAX_MATCHES)


def select_candidates(model: type[ModelT], searched_text: str) -> QuerySet[ModelT, ModelT]:
    """Return the rows whose search text has the text, by the index."""
    candidates = model._default_manager.all()
    if connection.vendor != "sqlite":
        return candidates.filter(search_text__contains=searched_text)
    index = f"{model._meta.db_table}_trigrams"
    match = f"SELECT rowid FROM {index} WHERE {index} MATCH %s"  # noqa: S608  a table's name
    return candidates.filter(pk__in=RawSQL(match, [quote_phrase(searched_text)]))  # noqa: S611


def build_exact_condition(searched_text: str) -> Q:
    """Return the condition that a name, code or id is the text."""
    line = searched_text.strip("\n")
    if line == searched_text:
        return build_line_condition(line)
    # Two Chinese characters: a line of every text that has them (see build_search_text).
    is_first = Q(search_text__startswith=f"{line}\n")
    return is_first | build_part_condition(f"\n{line}\n{line}\n")


def quote_phrase(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))
