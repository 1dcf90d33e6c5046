"""Archived packs: hidden from home, generating all and attention; their history stays."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.ledger.pack_summaries import find_wrong_summaries
from dashboard.models import Account, AuditEntry, Pack, Report
from dashboard.models.pack_archiving import archive_packs, unarchive_packs
from tests.views.rows import create_failed_report, create_ready_report

PATH = "/packs/archive/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def packs(account: Account) -> list[Pack]:
    """A pack in the cloud with new failures, a gone one that failed, and one of an import."""
    packs = [
        Pack.objects.create(account=account, pack_id=f"cp-{name}", name=name)
        for name in ("alive", "gone pack", "old import")
    ]
    create_ready_report(packs[0], failing=2, came=2, left=0)
    create_failed_report(packs[1])
    packs[1].mark_gone(timezone.now())
    packs[2].imported = True
    packs[2].save()
    create_ready_report(packs[2], failing=5, failing_high=5, source="imported")
    return packs


def get_text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def confirm(client: Client, address: str) -> int:
    """Post the form of the page that asks, and return the status of the answer."""
    match = re.search(r'name="fingerprint" value="(\w+)"', get_text(client, address))
    assert match
    return client.post(address, {"fingerprint": match[1]}).status_code


def test_gone_packs_and_packs_of_imports_are_offered_for_archiving(
    starter: Client, packs: list[Pack]
) -> None:
    page = get_text(starter, "/?show=gone")
    assert "Archive all 2 packs" in page
    assert '<form id="chosen" method="get" action="/packs/archive/"' in page
    for pack in packs[1:]:
        assert f'form="chosen" name="pack" value="{pack.pk}"' in page
    assert 'form="chosen"' not in get_text(starter, "/")


def test_archiving_asks_first_and_changes_nothing_until_it_is_confirmed(
    starter: Client, packs: list[Pack]
) -> None:
    page = get_text(starter, f"/packs/archive/?pack={packs[0].pk}")
    assert "Archive this pack?" in page
    assert "alive" in page
    page = get_text(starter, "/packs/archive/?show=gone")
    assert "Archive these 2 packs?" in page
    assert "gone pack" in page
    assert "old import" in page
    assert not Pack.objects.exclude(archived_at=None).exists()


def test_all_packs_of_a_filter_are_archived_at_once_with_who_and_when(
    starter: Client, officer: User, packs: list[Pack]
) -> None:
    before = timezone.now()
    assert confirm(starter, "/packs/archive/?show=gone") == 302
    archived = Pack.objects.exclude(archived_at=None)
    assert set(archived) == set(packs[1:])
    for pack in archived:
        assert pack.archived_by == officer
        assert pack.archived_at
        assert pack.archived_at >= before
        entry = AuditEntry.objects.get(pack=pack)
        assert (entry.action, entry.by) == ("archive-pack", officer)
    assert list(find_wrong_summaries()) == []


def test_packs_that_the_page_did_not_show_are_not_archived(
    starter: Client, packs: list[Pack]
) -> None:
    fingerprint = re.findall(r'"fingerprint" value="(\w+)"', get_text(starter, PATH + "?show=gone"))
    packs[0].mark_gone(timezone.now())
    Pack.objects.all().update_summaries()
    answer = starter.post(PATH + "?show=gone", {"fingerprint": fingerprint[0]})
    page = answer.content.decode()
    assert "Nothing is archived yet" in page
    assert "Archive these 3 packs?" in page
    assert not Pack.objects.exclude(archived_at=None).exists()
    assert confirm(starter, PATH + "?show=gone") == 302
    assert Pack.objects.exclude(archived_at=None).count() == 3


def test_an_archived_pack_leaves_home_attention_and_generating_all(
    starter: Client, officer: User, packs: list[Pack]
) -> None:
    archive_packs(Pack.objects.filter(pk=packs[0].pk), officer)
    assert "alive" not in get_text(starter, "/")
    assert re.search(r'id="packs-new"\s*>0<', get_text(starter, "/?show=new"))
    starter.post("/reports/generate/")
    assert not Report.objects.under_way().exists()
    page = get_text(starter, "/?show=archived")
    assert "alive" in page
    assert "Show the selected packs on home again" in page


def test_its_history_stays_and_its_page_says_who_archived_it(
    starter: Client, officer: User, packs: list[Pack]
) -> None:
    archive_packs(Pack.objects.filter(pk=packs[0].pk), officer)
    page = get_text(starter, f"/packs/{packs[0].pk}/")
    assert "Archived by officer" in page
    assert "Show on home again" in page
    report = packs[0].reports.get()
    assert f"/reports/{report.pk}/" in page
    assert f"/reports/{report.pk}/" in get_text(starter, "/reports/")


def test_archiving_is_taken_back_and_logged(
    starter: Client, officer: User, packs: list[Pack]
) -> None:
    archive_packs(Pack.objects.filter(pk=packs[0].pk), officer)
    assert starter.post("/packs/unarchive/", {"pack": packs[0].pk}).status_code == 302
    packs[0].refresh_from_db()
    assert (packs[0].archived_at, packs[0].archived_by) == (None, None)
    assert "alive" in get_text(starter, "/")
    page = get_text(starter, f"/packs/{packs[0].pk}/")
    assert page.index("shown on home again") < page.index("<td>\n            archived")
    assert list(find_wrong_summaries()) == []


def test_what_is_done_already_is_not_done_again(officer: User, packs: list[Pack]) -> None:
    assert unarchive_packs(Pack.objects.all(), officer) == 0
    assert archive_packs(Pack.objects.all(), officer) == 3
    assert archive_packs(Pack.objects.all(), officer) == 0
    assert AuditEntry.objects.count() == 3


def test_only_who_may_change_packs_archives(reader: Client, packs: list[Pack]) -> None:
    assert reader.get(f"/packs/archive/?pack={packs[0].pk}").status_code == 403
    assert reader.post(f"/packs/archive/?pack={packs[0].pk}").status_code == 403
    assert reader.post("/packs/unarchive/", {"pack": packs[0].pk}).status_code == 403
    assert "Archive" not in get_text(reader, f"/packs/{packs[0].pk}/")
    assert 'form="chosen"' not in get_text(reader, "/?show=gone")
    assert not Pack.objects.exclude(archived_at=None).exists()


@pytest.mark.parametrize("query", ["", "?pack=nonsense", "?pack=999999", "?show=nonsense"])
def test_without_a_pack_nothing_is_archived(starter: Client, packs: list[Pack], query: str) -> None:
    assert "No pack is chosen" in get_text(starter, f"/packs/archive/{query}")
    starter.post(f"/packs/archive/{query}")
    assert not Pack.objects.exclude(archived_at=None).exists()


def test_home_says_where_the_packs_are_if_all_are_archived(
    starter: Client, officer: User, packs: list[Pack]
) -> None:
    archive_packs(Pack.objects.all(), officer)
    assert "All packs are archived." in get_text(starter, "/")


def test_many_packs_are_named_up_to_a_number(starter: Client, account: Account) -> None:
    packs = [
        Pack(account=account, pack_id=f"cp-{n}", name=f"n{n}", imported=True) for n in range(60)
    ]
    Pack.objects.bulk_create(packs)
    page = get_text(starter, "/packs/archive/?show=gone")
    assert "Archive these 60 packs?" in page
    assert "and 10 more packs" in page


def test_a_form_without_a_chosen_pack_changes_nothing_and_says_so(
    starter: Client, officer: User, packs: list[Pack]
) -> None:
    archive_packs(Pack.objects.filter(pk=packs[0].pk), officer)
    answer = starter.post("/packs/unarchive/", {"show": "archived"}, follow=True)
    assert answer.redirect_chain == [("/?show=archived", 302)]
    assert 'data-level="error">No pack is chosen.' in answer.content.decode()
    page = get_text(starter, "/packs/archive/?show=gone&chosen=yes")
    assert "No pack is chosen, or they are archived already." in page
    assert Pack.objects.exclude(archived_at=None).count() == 1


def test_all_archived_packs_of_a_filter_are_shown_again_after_a_confirmation(
    starter: Client, officer: User, packs: list[Pack]
) -> None:
    archive_packs(Pack.objects.all(), officer)
    address = "/packs/unarchive/?show=archived&amp;q=gone"
    page = get_text(starter, "/?show=archived&q=gone")
    assert "Show 1 pack on home again" in page
    assert f'href="{address}"' in page
    address = address.replace("&amp;", "&")
    page = get_text(starter, address)
    assert "Show this pack on home again?" in page
    assert "gone pack" in page
    assert Pack.objects.filter(archived_at=None).count() == 0
    assert "Nothing is changed yet" in starter.post(address, {"fingerprint": "x"}).content.decode()
    fingerprint = re.findall(r'"fingerprint" value="(\w+)"', page)
    answer = starter.post(address, {"fingerprint": fingerprint[0]})
    assert answer["Location"] == "/?show=archived&q=gone"
    assert list(Pack.objects.filter(archived_at=None)) == [packs[1]]
    assert "Show all 2 packs on home again" in get_text(starter, "/?show=archived")


def test_archiving_and_taking_it_back_keep_the_filter_of_home(
    starter: Client, packs: list[Pack]
) -> None:
    address = f"/packs/archive/?show=gone&q=gone&chosen=yes&pack={packs[1].pk}"
    page = get_text(starter, address)
    assert 'href="/?show=gone&amp;q=gone">Leave them on home' in page
    fingerprint = re.findall(r'"fingerprint" value="(\w+)"', page)
    answer = starter.post(address, {"fingerprint": fingerprint[0]})
    assert answer["Location"] == "/?show=gone&q=gone"
    chosen = {"pack": packs[1].pk, "show": "archived", "q": "gone"}
    answer = starter.post("/packs/unarchive/", chosen)
    assert answer["Location"] == "/?show=archived&q=gone"


def test_archived_packs_are_listed_with_who_and_when(
    starter: Client, officer: User, packs: list[Pack]
) -> None:
    archive_packs(Pack.objects.filter(pk__in=[pack.pk for pack in packs[:2]]), officer)
    page = get_text(starter, "/?show=archived")
    marks = re.findall(r'archived <time datetime="([^"]+)"[^>]*>[^<]+</time> by officer', page)
    assert len(marks) == 2
    packs[0].refresh_from_db()
    assert packs[0].archived_at
    assert marks[0][:16] == packs[0].archived_at.isoformat()[:16]


def test_home_offers_gone_packs_and_packs_of_imports_to_those_who_may_archive(
    starter: Client, reader: Client, packs: list[Pack]
) -> None:
    offer = "2 packs are gone from the cloud or only imported:"
    assert offer in get_text(starter, "/")
    assert offer not in get_text(starter, "/?show=new")
    assert offer not in get_text(reader, "/")
    assert confirm(starter, "/packs/archive/?show=gone") == 302
    assert "gone from the cloud or only imported:" not in get_text(starter, "/")
