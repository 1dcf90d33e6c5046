"""Home: accounts and packs, worst first, live."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.models import Account, Pack, Report
from tests.views.rows import create_failed_report, create_ready_report, create_running_report

HTMX = {"HX-Request": "true"}
pytestmark = pytest.mark.django_db


def text(client: Client, address: str = "/") -> str:
    return client.get(address).content.decode()


@pytest.fixture
def another(account: Account) -> Callable[[str], Pack]:
    """Makes one more pack of the account."""
    return lambda name: Pack.objects.create(account=account, pack_id=f"cp-{name}", name=name)


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/packs/\d+/"[^>]*>([^<]+)</a>', page)


def test_nothing_yet_says_how_it_begins(reader: Client, admin_client: Client) -> None:
    assert "Ask an administrator to add an account." in text(reader)
    assert 'href="/accounts/add/"' in text(admin_client)


def test_an_account_without_packs_says_what_to_do(reader: Client, account: Account) -> None:
    assert "Ask an administrator to refresh the packs." in text(reader)


def test_packs_stand_worst_first(reader: Client, another: Callable[[str], Pack]) -> None:
    create_ready_report(another("well"), compliant=9)
    another("unknown")
    create_ready_report(another("many low"), failing=90, failing_low=90)
    create_ready_report(another("one high"), failing=1, failing_high=1)
    assert names(text(reader)) == ["one high", "many low", "unknown", "well"]


def test_accounts_stand_in_the_order_of_their_worst_pack(reader: Client, pack: Pack) -> None:
    other = Account.objects.create(name="A quiet account", uid="1000000000000002")
    Pack.objects.create(account=other, pack_id="cp-2", name="quiet")
    create_ready_report(pack, failing=1, failing_low=1)
    assert names(text(reader)) == [pack.name, "quiet"]


def test_a_row_tells_the_latest_report(reader: Client, pack: Pack) -> None:
    create_ready_report(pack, 8, compliant=1, failing=1, failing_high=1)
    latest = create_ready_report(
        pack,
        1,
        compliant=357,
        failing=57,
        failing_high=12,
        failing_low=45,
        came=3,
        left=7,
        changes_by_reason={"regressed": 2, "new-rule": 1, "fixed": 7},
    )
    changes = f"/reports/{latest.pk}/changes/"
    page = text(reader)
    assert f'href="{changes}?direction=came" title="regressed 2, new rule 1">▲ 3<' in page
    assert f'href="{changes}?direction=left" title="fixed 7">▼ 7<' in page
    assert "86.2 %" in page
    assert f'href="/reports/{latest.pk}/resources/?status=failing&amp;risk=high">12</a>' in page
    assert '▲ 3<span class="words"> new failing<' in page
    assert '▼ 7<span class="words"> no longer failing<' in page
    assert 'aria-label="Resource rate 50.0 % → 86.2 %, 2 reports"' in page
    assert "1 day" in page.replace("\xa0", " ")


def test_a_risk_without_failures_is_a_dash_with_the_reason_if_no_risk_is_stated(
    reader: Client, pack: Pack
) -> None:
    create_ready_report(pack, 2, compliant=3, failing=2, failing_low=2)
    assert "no risk levels are stated" not in text(reader)
    create_ready_report(pack, 1, compliant=3, failing=2)
    assert text(reader).count('title="no risk levels are stated">–<') == 3


def test_changes_that_are_not_counted_yet_are_a_dash_with_the_reason(
    reader: Client, pack: Pack
) -> None:
    create_ready_report(pack, 1, compliant=3, failing=1)
    assert 'title="not counted yet: the worker does it within minutes">–<' in text(reader)


def test_an_import_of_an_old_file_does_not_become_the_latest(reader: Client, pack: Pack) -> None:
    create_ready_report(pack, 1, compliant=3, failing=1)
    create_ready_report(pack, 400, compliant=1, failing=9, source="imported")
    assert "75.0 %" in text(reader)


@pytest.mark.parametrize(
    ("show", "shown"),
    [
        ("new", ["worst", "worse"]),
        ("new-high", ["worst"]),
        ("never", ["unknown"]),
        ("failed", ["broken"]),
        ("overdue", ["late"]),
    ],
)
def test_a_card_counts_exactly_the_rows_it_opens(
    reader: Client, another: Callable[[str], Pack], show: str, shown: list[str]
) -> None:
    create_ready_report(another("worse"), failing=2, came=2, left=0)
    create_ready_report(
        another("worst"),
        failing=2,
        failing_high=1,
        came=2,
        left=0,
        high_risk_changes_by_reason={"regressed": 1},
    )
    another("unknown")
    late = another("late")
    for days_ago in (40, 33, 26):
        create_ready_report(late, days_ago)
    broken = another("broken")
    create_ready_report(broken, 2)
    create_failed_report(broken)
    gone = another("gone")
    create_failed_report(gone)
    gone.mark_gone(timezone.now())
    page = text(reader, f"/?show={show}")
    assert names(page) == shown
    card = re.search(rf'id="packs-{show}"[^>]*>(\d+)<', page)
    assert card
    assert card[1] == str(len(shown))
    assert f'<a href="/?show={show}"' not in page
    assert 'aria-current="true"' in page


def test_the_card_of_high_risk_is_a_part_of_the_one_before(reader: Client, pack: Pack) -> None:
    page = text(reader)
    assert page.count('<li class="part">') == 1
    assert re.search(r'<li class="part">\s*<a href="/\?show=new-high">', page)


def test_a_run_that_failed_and_was_repeated_well_is_no_longer_counted(
    reader: Client, pack: Pack
) -> None:
    create_failed_report(pack, seconds=600)
    create_ready_report(pack)
    assert names(text(reader, "/?show=failed")) == []
    assert "No pack matches this filter." in text(reader, "/?show=failed")


def test_a_pack_gone_from_the_cloud_stays_and_cannot_be_generated(
    starter: Client, pack: Pack
) -> None:
    create_ready_report(pack, 30, compliant=1)
    pack.mark_gone(timezone.now())
    page = text(starter)
    assert "gone from the cloud" in page
    assert f"/packs/{pack.pk}/reports/" not in page
    assert starter.post(f"/packs/{pack.pk}/reports/").status_code == 404


def test_nothing_asks_when_nothing_is_under_way(reader: Client, pack: Pack) -> None:
    create_ready_report(pack)
    assert "data-poll" not in text(reader)


def test_one_question_asks_for_all_runs(
    reader: Client, pack: Pack, another: Callable[[str], Pack]
) -> None:
    runs = [create_running_report(pack), create_running_report(another("second"))]
    page = text(reader)
    assert page.count("data-poll") == 1
    assert 'data-poll data-hx-get="/status/?"' in page
    fields = re.findall(r'<input type="hidden" form="polling" name="report" value="(\d+)">', page)
    assert {int(field) for field in fields} == {run.pk for run in runs}


@pytest.mark.parametrize(("age", "pause"), [(0, 2), (25, 2), (70, 7), (900, 15)])
def test_an_old_run_is_asked_after_less_often(
    reader: Client, pack: Pack, age: int, pause: int
) -> None:
    create_running_report(pack, age)
    assert f'data-hx-trigger="every {pause}s, seen"' in text(reader)


def test_a_run_under_way_answers_with_its_state_alone(starter: Client, pack: Pack) -> None:
    run = create_running_report(pack, 41, state="fetching")
    answer = starter.get(f"/status/?report={run.pk}", headers=HTMX).content
    assert re.search(rb"fetching</span> \xc2\xb7 0:(4[1-9]|5\d)<", answer)
    assert b"<tr" not in answer
    assert b"<button" not in answer
    assert len(answer) < 1024


def test_an_ended_run_brings_its_row_and_ends_the_asking(starter: Client, pack: Pack) -> None:
    report = create_ready_report(pack, compliant=1)
    answer = starter.get(f"/status/?report={report.pk}", headers=HTMX).content.decode()
    assert re.search(rf'<template>\s*<tr id="pack-{pack.pk}" data-hx-swap-oob="true">', answer)
    assert f'data-announce="{pack.name}: ready"' in answer
    assert "data-hx-get" not in answer
    assert len(answer.encode()) < 4096


def test_a_run_that_somebody_else_began_on_the_page_brings_its_row(
    starter: Client, pack: Pack
) -> None:
    other = Account.objects.create(name="Not on the page", uid="1000000000000002")
    create_running_report(Pack.objects.create(account=other, pack_id="cp-2", name="other"))
    create_running_report(pack)
    query = f"report=999999&report=nonsense&accounts={pack.account_id}"
    answer = starter.get(f"/status/?{query}", headers=HTMX).content.decode()
    assert f'<tr id="pack-{pack.pk}" data-hx-swap-oob="true">' in answer
    assert answer.count("data-hx-swap-oob") == 1


def test_generate_in_a_row_answers_with_the_row_and_begins_the_asking(
    starter: Client, pack: Pack
) -> None:
    headers = {**HTMX, "HX-Target": f"pack-{pack.pk}"}
    answer = starter.post(f"/packs/{pack.pk}/reports/", headers=headers).content.decode()
    report = Report.objects.get()
    assert 'data-poll data-hx-get="/status/?"' in answer
    assert f'form="polling" name="report" value="{report.pk}"' in answer
    assert f'data-hx-post="/reports/{report.pk}/cancel/"' in answer
    assert "asked" in answer


def test_cancel_in_a_row_answers_with_the_row(starter: Client, officer: User, pack: Pack) -> None:
    run = create_running_report(pack, 60, requested_by=officer)
    headers = {**HTMX, "HX-Target": f"pack-{pack.pk}"}
    answer = starter.post(f"/reports/{run.pk}/cancel/", headers=headers).content.decode()
    assert f'data-hx-post="/packs/{pack.pk}/reports/"' in answer
    assert Report.objects.get().state == "cancelled"


def test_who_may_only_read_generates_nothing(reader: Client, pack: Pack) -> None:
    assert "Generate" not in text(reader)
    assert reader.post("/reports/generate/").status_code == 403
    assert reader.post(f"/packs/{pack.pk}/reports/").status_code == 403
    assert not Report.objects.exists()
