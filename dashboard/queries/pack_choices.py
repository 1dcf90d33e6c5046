"""Choose an account or a pack among thousands: suggestions for a few letters of their names."""

from dataclasses import dataclass

from django.db.models import Case, F, QuerySet, When
from django.db.models.lookups import IsNull

from dashboard.models import Account, Pack
from dashboard.models.accounts import PackQuerySet
from dashboard.queries.text_conditions import build_line_condition, build_names_condition

MAX_ACCOUNTS, MAX_PACKS = 5, 10
MAX_TEXT = 200  # characters
PACK_TEXT = "summary__search_text"  # names and ids of the pack and of its account
SHOWN_FIELDS = (
    "name", "pack_id", "archived_at", "gone_at", "imported", "account__name", "account__uid",
)  # fmt: skip


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


def select_matching_accounts(text: str) -> QuerySet[Account]:
    """Return the accounts that have each word in name or ID; first those whose name or ID it is."""
    accounts = Account.objects.defer("secret_encrypted")
    matching_accounts = accounts.filter(build_names_condition(text))
    return matching_accounts.order_by(sort_exact_first(text), "name", "uid")


def filter_packs_by_words(packs: PackQuerySet, text: str) -> PackQuerySet:
    """Return the packs of which each word is in name or ID of the pack or of its account."""
    return packs.filter(build_names_condition(text, PACK_TEXT))


def select_matching_packs(text: str) -> PackQuerySet:
    """Return the packs that match the text; first those whose name or ID it is, archived last."""
    packs = Pack.objects.select_related("account").only(*SHOWN_FIELDS)
    return filter_packs_by_words(packs, text).order_by(
        sort_exact_first(text, PACK_TEXT),
        IsNull(F("archived_at"), False),
        "account__name",
        "name",
        "pack_id",
    )


def sort_exact_first(text: str, field: str = "search_text") -> Case:
    return Case(When(build_line_condition(text, field), then=0), default=1)


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
    matching_packs = suggest_packs(text) if text else []
    packs = [chosen_pack] if chosen_pack else []
    packs += [pack for pack in matching_packs[:MAX_PACKS] if pack != chosen_pack]
    return PackChoice(packs, chosen_pack, has_more=len(matching_packs) > MAX_PACKS)
