"""Choose an account or a pack among thousands: suggestions for a few letters of their names."""

from dataclasses import dataclass

from django.db.models import Case, Q, QuerySet, Value, When

from dashboard.models import Account, Pack
from dashboard.models.accounts import PackQuerySet

MAX_ACCOUNTS, MAX_PACKS = 5, 10
MAX_TEXT = 200  # characters


@dataclass(frozen=True)
class Suggestions:
    """The first accounts and packs that match a text; `has_more` if there are others."""

    accounts: list[Account]
    packs: list[Pack]
    has_more: bool

    @property
    def count(self) -> int:
        return len(self.accounts) + len(self.packs)


@dataclass(frozen=True)
class PackChoice:
    """Packs of which one is to be chosen; `has_more` if the text matches others, too."""

    packs: list[Pack]
    chosen_pack: Pack | None
    has_more: bool


def clean_search_text(text: str | None) -> str:
    """Return a text from an address as one to search for: no more than the databases accept."""
    return (text or "").replace("\0", "").strip()[:MAX_TEXT]


def filter_accounts_by_words(accounts: QuerySet[Account], text: str) -> QuerySet[Account]:
    """Return the accounts that have each word in the name or at the beginning of the id."""
    for word in text.split():
        accounts = accounts.filter(Q(name__icontains=word) | Q(uid__startswith=word))
    return accounts


def filter_packs_by_words(packs: PackQuerySet, text: str) -> PackQuerySet:
    """Return the packs that have each word in the name or at the beginning of the id."""
    for word in text.split():
        packs = packs.filter(build_word_condition(word))
    return packs


def filter_packs_of_accounts_by_words(packs: PackQuerySet, text: str) -> PackQuerySet:
    """Return the packs of which each word is in the pack or in its account."""
    for word in text.split():
        account_condition = Q(account__name__icontains=word) | Q(account__uid__startswith=word)
        packs = packs.filter(build_word_condition(word) | account_condition)
    return packs


def build_word_condition(word: str) -> Q:
    """Return the condition that a pack has the word in the name or at the beginning of the id."""
    return Q(name__icontains=word) | Q(pack_id__startswith=word)


def select_matching_accounts(text: str) -> QuerySet[Account]:
    """Return the accounts that match the text; first those whose whole name or id it is."""
    accounts = filter_accounts_by_words(Account.objects.defer("secret_encrypted"), text)
    condition = Q(name__iexact=text) | Q(uid=text)
    return accounts.order_by(sort_first(condition), "name", "uid")


def select_matching_packs(text: str) -> PackQuerySet:
    """Return the packs that match the text; first those whose whole name or id it is."""
    packs = Pack.objects.select_related("account").defer("account__secret_encrypted")
    condition = Q(name__iexact=text) | Q(pack_id=text)
    return filter_packs_of_accounts_by_words(packs, text).order_by(
        sort_first(condition), "account__name", "name", "pack_id"
    )


def sort_first(condition: Q) -> Case:
    return Case(When(condition, then=Value(0)), default=Value(1))


def suggest_choices(text: str) -> Suggestions:
    """Return the accounts and packs that match the text; none for an empty text."""
    if not text.strip():
        return Suggestions([], [], has_more=False)
    accounts = list(select_matching_accounts(text)[: MAX_ACCOUNTS + 1])
    packs = suggest_packs(text)
    has_more = len(accounts) > MAX_ACCOUNTS or len(packs) > MAX_PACKS
    return Suggestions(accounts[:MAX_ACCOUNTS], packs[:MAX_PACKS], has_more)


def suggest_packs(text: str) -> list[Pack]:
    """Return the first packs that match the text, one more than are shown if there are more."""
    return list(select_matching_packs(text)[: MAX_PACKS + 1])


def list_pack_choice(chosen_pack: Pack | None, text: str) -> PackChoice:
    """Return the chosen pack, if there is one, and the first packs that match the text."""
    found_packs = suggest_packs(text) if text else []
    packs = [chosen_pack] if chosen_pack else []
    packs += [pack for pack in found_packs[:MAX_PACKS] if pack != chosen_pack]
    return PackChoice(packs, chosen_pack, has_more=len(found_packs) > MAX_PACKS)
