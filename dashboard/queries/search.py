"""The search of the top bar: accounts, packs, rules and resources by name or id.

Rules and resources are found by the index of their search texts (see models/search_texts.py), so
the search takes as long with thousands of packs as with ten.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db import connection, models
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from dashboard.models import Account, Evaluation, Pack, PackResource, Rule, Status
from dashboard.models.accounts import PackQuerySet
from dashboard.models.evaluations import FOREVER
from dashboard.models.search_texts import build_searched_part

MAX_RESULTS = 20  # of each kind
MAX_MATCHES = 200  # of the index; several may be of one rule or one resource
MAX_RANKED = 60  # resources whose statuses are compared
SHOWN_PACKS = 3  # of a rule
ModelT = TypeVar("ModelT", bound=models.Model)
# All rows of a resource have the same id, type, region and account, but for their case.
RESOURCES_SQL = (
    "SELECT evaluation.resource, min(status), max(resource_id), max(resource_name), "  # noqa: S608
    "max(resource_type), max(region), max(account) "
    f"FROM {PackResource._meta.db_table} AS found "
    f"JOIN {Evaluation._meta.db_table} AS evaluation ON evaluation.pack_id = found.pack_id "
    f"AND evaluation.resource = found.resource AND evaluation.until = {FOREVER} "
    "WHERE found.resource IN ({numbers}) GROUP BY evaluation.resource"
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

    number: int
    status: Status
    id: str
    name: str
    type: str
    region: str
    account: str


@dataclass(frozen=True)
class SearchResults:
    """At most MAX_RESULTS of each kind; `is_complete` is false if there are more.

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


def search_all(text: str) -> SearchResults:
    """Return what has the text in its name, its code or the id of a resource.

    The ids of accounts and packs must begin with it.
    """
    part = build_searched_part(text)
    accounts = list(filter_accounts(Account.objects.all(), text)[: MAX_RESULTS + 1])
    packs = list(filter_packs(Pack.objects.all(), text)[: MAX_RESULTS + 1])
    rules = search_rules(part) if part else []
    resources = search_resources(part) if part else []
    counts = len(accounts), len(packs), len(rules), len(resources)
    return SearchResults(
        accounts[:MAX_RESULTS],
        packs[:MAX_RESULTS],
        rules[:MAX_RESULTS],
        resources[:MAX_RESULTS],
        is_complete=max(counts) <= MAX_RESULTS,
        is_short=not part,
    )


def filter_accounts(accounts: QuerySet[Account], text: str) -> QuerySet[Account]:
    """Return the accounts whose name contains the text or whose id begins with it."""
    has_text = Q(name__icontains=text) | Q(uid__startswith=text)
    return accounts.filter(has_text).defer("secret_encrypted")


def filter_packs(packs: PackQuerySet, text: str) -> PackQuerySet:
    """Return the packs whose name contains the text or whose id begins with it."""
    has_text = Q(name__icontains=text) | Q(pack_id__startswith=text)
    return packs.filter(has_text).select_related("account").defer("account__secret_encrypted")


def search_rules(part: str) -> list[FoundRule]:
    """Return the rules whose name, code or id has the part, each once for all its packs."""
    rules = Rule.objects.select_related("pack__account").only(
        "name", "identifier", "rule_id", "pack__name", "pack__account__name"
    )
    groups: dict[tuple[str, str], list[Rule]] = defaultdict(list)
    matches = list(select_matches(rules, part))
    for rule in matches:
        groups[rule.name, rule.identifier].append(rule)
    has_more = len(matches) == MAX_MATCHES
    return [
        FoundRule(name, code or rules[0].rule_id, rules, has_more)
        for (name, code), rules in sorted(groups.items())
    ]


def search_resources(part: str) -> list[FoundResource]:
    """Return the resources whose id or name has the part: whole ones first, then failing ones.

    They must be in the latest report of a pack.
    """
    matches = select_matches(PackResource.objects.all(), part)
    numbers = list(dict.fromkeys(matches.values_list("resource", flat=True)))
    resources = load_resources(numbers[:MAX_RANKED])

    def sort_key(resource: FoundResource) -> tuple[bool, int, str]:
        is_whole = part in (resource.id.casefold(), resource.name.casefold())
        return not is_whole, resource.status, resource.id

    return sorted(resources, key=sort_key)


def load_resources(numbers: Iterable[int]) -> list[FoundResource]:
    """Return resources by their numbers.

    Written in SQL, because no foreign key leads from a resource of a pack to its evaluations.
    """
    numbers = list(numbers)
    if not numbers:
        return []
    with connection.cursor() as cursor:
        placeholders = ", ".join(["%s"] * len(numbers))
        cursor.execute(RESOURCES_SQL.format(numbers=placeholders), numbers)
        return [
            FoundResource(number, Status(status), *texts)
            for number, status, *texts in cursor.fetchall()
        ]


def select_matches(rows: QuerySet[ModelT], part: str) -> QuerySet[ModelT]:
    """Return up to MAX_MATCHES of the rows whose search text has the part, by the index."""
    if connection.vendor != "sqlite":
        return rows.filter(search_text__contains=part)[:MAX_MATCHES]
    index = f"{rows.model._meta.db_table}_trigrams"
    quoted_part = '"{}"'.format(part.replace('"', '""'))
    match = f"SELECT rowid FROM {index} WHERE {index} MATCH %s LIMIT {MAX_MATCHES}"  # noqa: S608
    return rows.filter(pk__in=RawSQL(match, [quoted_part]))  # noqa: S611  # a parameter
