"""Generate all, and Generate these: the reports of all packs that home shows."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.models import Account, BulkRequest, Pack, RequestedPack
from dashboard.models.pack_archiving import archive_packs
from tests.views.home_pages import company as company
from tests.views.home_pages import get_text

pytestmark = pytest.mark.django_db


def test_generate_these_takes_the_packs_of_the_filter(
    starter: Client, company: list[Pack], officer: User
) -> None:
    page = get_text(starter, "/?q=OSS")
    assert '<input type="hidden" name="q" value="OSS">' in page
    in_cloud = [pack for pack in company if "OSS" in pack.name and pack.is_in_cloud]
    assert f"Generate these {len(in_cloud)}" in " ".join(page.split())
    starter.post("/reports/generate/", {"q": "OSS"})
    requested = {row.pack_id: row.state for row in RequestedPack.objects.all()}
    assert requested.keys() == {pack.pk for pack in company if "OSS" in pack.name}
    gone = {pack.pk for pack in company if not pack.is_in_cloud} & requested.keys()
    assert {pk for pk, state in requested.items() if state == "left-out"} == gone
    assert BulkRequest.objects.get().filter_query == "q=OSS"


def test_generate_all_counts_archived_packs_as_left_out(
    starter: Client, company: list[Pack], officer: User
) -> None:
    archive_packs(Pack.objects.filter(pk=company[0].pk), officer)
    starter.post("/reports/generate/")
    assert RequestedPack.objects.count() == 40
    assert RequestedPack.objects.get(pack=company[0]).state == "left-out"


@pytest.mark.parametrize("field", ["show", "risk"])
def test_generate_these_refuses_a_filter_that_it_does_not_understand(
    starter: Client, company: list[Pack], field: str
) -> None:
    answer = starter.post("/reports/generate/", {field: "goone"}, follow=True)
    assert "The filter was not understood, so no report is generated." in answer.content.decode()
    assert not BulkRequest.objects.exists()


@pytest.mark.parametrize(
    ("query", "text"),
    [("", "Generate all 38"), ("q=only", "Generate 1 pack"), ("show=gone", ""), ("q=old", "")],
)
def test_the_button_names_how_many_reports_it_generates(
    starter: Client, account: Account, query: str, text: str
) -> None:
    for number in range(40):
        name = {0: "old", 1: "old", 2: "only"}.get(number, f"{number}")
        Pack.objects.create(
            account=account,
            pack_id=f"cp-{number}",
            name=name,
            imported=number == 0,
            gone_at=timezone.now() if number == 1 else None,
        )
    page = " ".join(get_text(starter, f"/?{query}").split())
    assert ("/reports/generate/" in page) == bool(text)
    assert f"<button> {text} </button>" in page or not text
