"""Each search of packs and accounts finds the same on all databases."""

import pytest

from dashboard.ledger.pack_summaries import find_wrong_summaries
from dashboard.ledger.report_writer import update_pack_names
from dashboard.models import Account, Pack, PackSummary
from dashboard.queries.home_filter import HomeFilter
from dashboard.queries.pack_choices import (
    filter_packs_by_words,
    list_pack_choice,
    select_matching_accounts,
    suggest_choices,
)
from dashboard.queries.search import search_all
from tests.views.rows import create_ready_report

pytestmark = pytest.mark.django_db

NAME = "Straße ＥＣＳ Ünder 100%_a 合规包"
PACK_ID = "cp-6F0d62A3"
# Each word is in name or id in any case, also of letters that no database folds.
MATCHING = (
    "STRASSE", "strasse", "ｅｃｓ", "ü", "ÜNDER", "规", "合规包", "100%_A", "%", "_", "0%_",
    "6f0D", "A3", "CP-6F", "合规 ｅｃｓ", "a3 strasse", "规　6",
)  # fmt: skip
OTHER = ("1%0", "100_", "s%e", "6f0d62a3cp", "规合", "strasse nowhere", "ecs", "\\")


@pytest.fixture
def named_pack(account: Account) -> Pack:
    Pack.objects.create(account=account, pack_id="cp-1", name="Other")
    return Pack.objects.create(account=account, pack_id=PACK_ID, name=NAME)


def list_home_packs(q: str = "", account: str = "") -> list[int]:
    return [summary.pk for summary in HomeFilter(q=q, account=account).select_summaries()]


@pytest.mark.parametrize("text", MATCHING)
def test_every_search_finds_a_pack_by_each_word_of_name_or_id(named_pack: Pack, text: str) -> None:
    assert search_all(text).packs == suggest_choices(text).packs == [named_pack]
    assert list_pack_choice(None, text).packs == [named_pack]
    assert list(filter_packs_by_words(named_pack.account.packs.all(), text)) == [named_pack]
    assert list_home_packs(q=text) == [named_pack.pk]


@pytest.mark.parametrize("text", OTHER)
def test_no_search_finds_a_pack_by_what_is_not_in_it(named_pack: Pack, text: str) -> None:
    assert search_all(text).packs == suggest_choices(text).packs == []
    assert list(filter_packs_by_words(named_pack.account.packs.all(), text)) == []
    assert list_home_packs(q=text) == []


@pytest.mark.parametrize("text", [*MATCHING[:11], "1234 STRASSE", "90123"])
def test_every_search_finds_an_account_by_each_word_of_name_or_id(text: str) -> None:
    Account.objects.create(name="Other", uid="5" * 16)
    account = Account.objects.create(name=NAME, uid="1234567890123456")
    pack = Pack.objects.create(account=account, pack_id="cp-x", name="x")
    assert list(select_matching_accounts(text)) == [account]
    assert search_all(text).accounts == suggest_choices(text).accounts == [account]
    assert list_home_packs(account=text) == list_home_packs(q=text) == [pack.pk]


def test_whole_names_and_ids_come_first(account: Account) -> None:
    for number in range(3):
        Account.objects.create(name=f"a prod {number}", uid=f"{number:016}")
        Pack.objects.create(account=account, pack_id=f"cp-a-{number}", name=f"a prod {number}")
    exact_account = Account.objects.create(name="Prod", uid="1" * 16)
    exact_pack = Pack.objects.create(account=account, pack_id="cp-a", name="PROD")
    assert select_matching_accounts("prod")[0] == exact_account
    for text in ("prod", "CP-A"):
        assert suggest_choices(text).packs[0] == exact_pack


def test_archived_packs_are_suggested_last(account: Account) -> None:
    archived, other = (
        Pack.objects.create(account=account, pack_id=f"cp-{name}", name=f"prod {name}")
        for name in "ab"
    )
    Pack.objects.filter(pk=archived.pk).update(archived_at="2026-11-20T00:00:00Z")
    assert suggest_choices("prod").packs == [other, archived]


def test_a_new_name_is_found_at_once(named_pack: Pack) -> None:
    named_pack.name = "New name"
    named_pack.save(update_fields=["name"])
    account = named_pack.account
    account.name = "New ÄCCOUNT"
    account.save(update_fields=["name"])
    for text in ("new name", "6f0d äccount"):
        assert search_all(text).packs == [named_pack]
        assert list_home_packs(q=text) == [named_pack.pk]
    assert search_all("äccount").accounts == [account]
    assert list_home_packs(q="strasse") == []
    assert list(find_wrong_summaries()) == []


def test_other_fields_are_saved_alone(named_pack: Pack) -> None:
    stale_pack = Pack.objects.get(pk=named_pack.pk)
    stale_pack.name = "Stale"
    stale_pack.save(update_fields=["imported"])
    assert search_all("strasse").packs == [named_pack]


def test_a_wrong_search_text_of_a_summary_is_noticed(named_pack: Pack) -> None:
    PackSummary.objects.filter(pack=named_pack).update(search_text="old")
    [wrong] = find_wrong_summaries()
    assert (wrong.field, wrong.stored) == ("search_text", "old")


def test_a_name_that_a_file_gives_is_found(account: Account) -> None:
    pack = Pack.objects.create(account=account, pack_id="cp-9", name="cp-9", imported=True)
    update_pack_names(create_ready_report(pack), "ÖSS 合规")
    assert search_all("öss 合规").packs == [pack]
    assert list_home_packs(q="öss cp-9") == [pack.pk]
    assert list(find_wrong_summaries()) == []
