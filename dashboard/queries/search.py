"""The search of the top bar: accounts, packs, rules and resources by name or id.

Rules and resources are found by the index of their search texts (see models/search_texts.py), so
the search takes as long with thousands of packs as with ten.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connection, models
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat

from dashboard.models import Account, Evaluation, Pack, PackResource, Rule, Status
from dashboard.models.evaluations import FOREVER
from dashboard.models.search_texts import build_searched_part
from dashboard.queries.pack_choices import select_matching_accounts, select_matching_packs

MAX_RESULTS = 20  # of each kind
# Several may be of one rule or one resource. To find whole names and ids among them all matches of
# the index are read: half a second for 500,000 of them.
MAX_MATCHES = 200
MAX_RANKED = 60  # resources whose statuses are compared
SHOWN_PACKS = 3  # of a rule
ModelT = TypeVar("ModelT", bound=models.Model)
RowT = TypeVar("RowT")
# All rows of a resource have the same id, type, region and account, but for their case.
RESOURCES_SQL = (
    "SELECT evaluation.resource, min(status), max(resource_id), max(resource_name), "  # noqa: S608
    "max(resource_type), max(region), max(account) "
    f"FROM {PackResource._meta.db_table} AS found "
    f"JOIN {Evaluation._meta.db_table} AS evaluation ON evaluation.pack_id = found.pack_id "
    f"AND evaluation.resource = found.resource AND evaluation.until = {FOREVER} "
    "WHERE found.resource IN ({hashes}) GROUP BY evaluation.resource"
)


@dataclass(frozen=True)
class FoundRule:
    """A rule by its name and code, with the rules of the packs that have it.

    `has_more` is true if there may be more packs than were looked at.
    """

    name: str
    code: str
    rules: list[Rule]
    has_more: bool

    @property
    def shown_rules(self) -> list[Rule]:
        return self.rules[:SHOWN_PACKS]

    @property
    def more_count(self) -> int:
        return len(self.rules) - len(self.shown_rules)


@dataclass(frozen=True)
class FoundResource:
    """A resource, and the worst status that it has in the latest reports of all packs."""

    resource_hash: int
    status: Status
    id: str
    name: str
    type: str
    region: str
    account: str


@dataclass(frozen=True)
class SearchResults:
    """At most MAX_RESULTS of each kind; `is_complete` is false if there may be more.

    `is_short` is true if the text is too short for rules and resources to be searched.
    """

    accounts: list[Account]
    packs: list[Pack]
    rules: list[FoundRule]
    resources: list[FoundResource]
    is_complete: bool
    is_short: bool

    @property
    def is_empty(self) -> bool:
        return not (self.accounts or self.packs or self.rules or self.resources)


@dataclass(frozen=True)
class Matches(Generic[RowT]):
    """Rows that match a text; `is_complete` is false if there may be others."""

    rows: list[RowT]
    is_complete: bool


def search_all(text: str) -> SearchResults:
    """Return what has the text in its name, its code or the id of a resource.

    Accounts and packs are found by each word of the text; their ids must begin with it.
    """
    searched_text = build_searched_part(text)
    accounts = list(select_matching_accounts(text)[: MAX_RESULTS + 1])
    packs = list(select_matching_packs(text)[: MAX_RESULTS + 1])
    rules = search_rules(searched_text)
    resources = search_resources(searched_text)
    counts = len(accounts), len(packs), len(rules.rows), len(resources.rows)
    return SearchResults(
        accounts[:MAX_RESULTS],
        packs[:MAX_RESULTS],
        rules.rows[:MAX_RESULTS],
        resources.rows[:MAX_RESULTS],
        is_complete=max(counts) <= MAX_RESULTS and rules.is_complete and resources.is_complete,
        is_short=not searched_text,
    )


def search_rules(searched_text: str) -> Matches[FoundRule]:
    """Return the rules whose name, code or id has the text, each once for all its packs.

    Whole names and codes come first.
    """
    rules = Rule.objects.select_related("pack__account").only(
        "name", "identifier", "rule_id", "pack__name", "pack__account__name"
    )
    matches = load_matches(rules, searched_text)
    groups: dict[tuple[str, str], list[Rule]] = defaultdict(list)
    for rule in matches.rows:
        groups[rule.name, rule.identifier].append(rule)
    found_rules = [
        FoundRule(name, code or get_shared_id(rules), rules, not matches.is_complete)
        for (name, code), rules in groups.items()
    ]
    whole_text = searched_text.strip("\n")

    def sort_key(rule: FoundRule) -> tuple[bool, str, str]:
        is_whole = whole_text in (rule.name.casefold(), rule.code.casefold())
        return not is_whole, rule.name, rule.code

    return Matches(sorted(found_rules, key=sort_key), matches.is_complete)


def get_shared_id(rules: Iterable[Rule]) -> str:
    """Return the id of the rules if all have the same; otherwise an empty text."""
    rule_ids = {rule.rule_id for rule in rules}
    return rule_ids.pop() if len(rule_ids) == 1 else ""


def search_resources(searched_text: str) -> Matches[FoundResource]:
    """Return the resources whose id or name has the text: whole ones first, then failing ones.

    They must be in the latest report of a pack.
    """
    matches = load_matches(PackResource.objects.values_list("resource", flat=True), searched_text)
    resources = load_resources(matches.rows[:MAX_RANKED])
    whole_text = searched_text.strip("\n")

    def sort_key(resource: FoundResource) -> tuple[bool, int, str]:
        is_whole = whole_text in (resource.id.casefold(), resource.name.casefold())
        return not is_whole, resource.status, resource.id

    is_complete = matches.is_complete and len(matches.rows) <= MAX_RANKED
    return Matches(sorted(resources, key=sort_key), is_complete)


def load_resources(resource_hashes: Collection[int]) -> list[FoundResource]:
    """Return the resources that have these hashes.

    Written in SQL, because no foreign key leads from a resource of a pack to its evaluations.
    """
    if not resource_hashes:
        return []
    with connection.cursor() as cursor:
        placeholders = ", ".join(["%s"] * len(resource_hashes))
        cursor.execute(RESOURCES_SQL.format(hashes=placeholders), [*resource_hashes])
        return [
            FoundResource(resource_hash, Status(status), *texts)
            for resource_hash, status, *texts in cursor.fetchall()
        ]


def load_matches(rows: QuerySet[ModelT, RowT], searched_text: str) -> Matches[RowT]:
    """Return different rows whose search text has the text; of many, those with it as whole line.

    They are in the order of their ids.
    """
    if not searched_text:
        return Matches([], is_complete=True)
    candidates = select_candidates(rows.model, searched_text)
    is_whole = Case(When(build_whole_condition(searched_text), then=0), default=1)
    lines = Concat(Value("\n"), "search_text", Value("\n"), output_field=models.TextField())
    best = candidates.alias(lines=lines, order=is_whole).order_by("order", "pk")
    matches = list(rows.filter(pk__in=best.values("pk")[:MAX_MATCHES]).order_by("pk"))
    return Matches(list(dict.fromkeys(matches)), is_complete=len(matches) < MAX_MATCHES)


def select_candidates(model: type[ModelT], searched_text: str) -> QuerySet[ModelT, ModelT]:
    """Return the rows whose search text has the text, by the index."""
    candidates = model._default_manager.all()
    if connection.vendor != "sqlite":
        return candidates.filter(search_text__contains=searched_text)
    index = f"{model._meta.db_table}_trigrams"
    match = f"SELECT rowid FROM {index} WHERE {index} MATCH %s"  # noqa: S608  a table's name
    return candidates.filter(pk__in=RawSQL(match, [quote_phrase(searched_text)]))  # noqa: S611


def build_whole_condition(searched_text: str) -> Q:
    """Return the condition that a whole name, code or id is the text; `lines` are the texts."""
    line = searched_text.strip("\n")
    if line == searched_text:
        return Q(lines__contains=f"\n{line}\n")
    # Two Chinese characters: a line of every text that has them (see build_search_text).
    return Q(lines__startswith=f"\n{line}\n") | Q(lines__contains=f"\n{line}\n{line}\n")


def quote_phrase(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))
