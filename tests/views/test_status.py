"""A run on its way, as the page shows it."""

import datetime as dt
import re

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.models import Account, Pack, Report
from tests.views.rows import create_failed_report, create_ready_report, create_running_report

HTMX = {"HX-Request": "true"}
pytestmark = pytest.mark.django_db


def load_status_fragment(client: Client, report: Report) -> str:
    return client.get(f"/reports/{report.pk}/status/?acts", headers=HTMX).content.decode()


def test_a_click_makes_a_report_and_shows_it_asked(starter: Client, pack: Pack) -> None:
    answer = starter.post(f"/packs/{pack.pk}/reports/", headers=HTMX).content.decode()
    report = Report.objects.get()
    assert report.requested_by is not None
    assert re.search(r'aria-current="step"><span>asked</span> 0:[0-5]\d<', answer)
    assert f'data-hx-get="/reports/{report.pk}/status/?acts"' in answer
    assert 'data-hx-trigger="every 2s, seen"' in answer


def test_two_clicks_make_one_report(starter: Client, pack: Pack) -> None:
    starter.post(f"/packs/{pack.pk}/reports/", headers=HTMX)
    starter.post(f"/packs/{pack.pk}/reports/", headers=HTMX)
    assert Report.objects.count() == 1


def test_a_click_without_javascript_leads_to_the_report(starter: Client, pack: Pack) -> None:
    answer = starter.post(f"/packs/{pack.pk}/reports/")
    assert answer["Location"] == f"/reports/{Report.objects.get().pk}/"


def test_generating_takes_a_post(starter: Client, pack: Pack) -> None:
    assert starter.get(f"/packs/{pack.pk}/reports/").status_code == 405
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("requested", "asked"),
        ("creating", "the cloud is preparing"),
        ("evaluating", "the cloud is evaluating"),
        ("fetching", "fetching"),
        ("listing", "fetching evaluation results"),
        ("reading", "reading"),
    ],
)
def test_the_present_step_is_marked_with_its_time(
    reader: Client, pack: Pack, state: str, words: str
) -> None:
    page = load_status_fragment(reader, create_running_report(pack, 37, state=state))
    assert re.search(rf'aria-current="step"><span>{words}</span> 0:(3[7-9]|[45]\d)<', page)
    assert page.count("aria-current") == 1


def list_steps(client: Client, report: Report) -> list[str]:
    page = load_status_fragment(client, report)
    return re.findall(r"<li[^>]*>(?:<span>)?([^<]+)<", page)


def test_a_run_has_the_steps_that_it_takes(reader: Client, pack: Pack) -> None:
    report = create_running_report(pack)
    steps = ["asked", "the cloud is preparing", "fetching", "fetching evaluation results"]
    steps += ["reading", "ready"]
    assert list_steps(reader, report) == steps
    Report.objects.update(evaluation_asked_at=timezone.now())
    assert list_steps(reader, report) == ["the cloud is evaluating", *steps]
    Account.objects.update(fetches_results=False)
    steps.remove("fetching evaluation results")
    assert list_steps(reader, report) == ["the cloud is evaluating", *steps]
    Report.objects.update(evaluation_asked_at=None, source="imported")
    assert list_steps(reader, report) == steps


@pytest.mark.parametrize("state", ["creating", "ready", "failed", "cancelled"])
def test_the_fragment_is_small_and_takes_three_queries(
    starter: Client, pack: Pack, state: str
) -> None:
    run = (
        create_ready_report(pack)
        if state == "ready"
        else create_failed_report(pack)
        if state == "failed"
        else create_running_report(pack, state=state)
    )
    with CaptureQueriesContext(connection) as captured:
        answer = load_status_fragment(starter, run)
    assert len(captured) <= 3
    assert len(answer.encode()) < 4096


def test_a_fragment_offers_what_the_page_that_asks_for_it_offers(
    starter: Client, reader: Client, pack: Pack
) -> None:
    run = create_running_report(pack)
    for client, offers in ((starter, True), (reader, False)):
        assert (
            f"/reports/{run.pk}/status/?acts" in client.get(f"/packs/{pack.pk}/").content.decode()
        ) is offers
    Report.objects.update(state="failed")
    assert "Try again" in load_status_fragment(starter, run)
    assert (
        "Try again" not in starter.get(f"/reports/{run.pk}/status/", headers=HTMX).content.decode()
    )


def test_asking_changes_nothing(reader: Client, pack: Pack) -> None:
    run = create_running_report(pack)
    before = Report.objects.values().get(pk=run.pk)
    load_status_fragment(reader, run)
    assert Report.objects.values().get(pk=run.pk) == before


def test_a_finished_run_asks_no_more(reader: Client, pack: Pack) -> None:
    page = load_status_fragment(reader, create_ready_report(pack))
    assert "hx-" not in page
    assert "Open the report" in page


def test_a_page_hears_that_a_run_has_ended(reader: Client, pack: Pack) -> None:
    report = create_ready_report(pack)
    answer = reader.get(f"/reports/{report.pk}/status/", headers=HTMX)
    assert answer["HX-Retarget"] == f"#report-{report.pk}"
    assert "report-ended" in answer["HX-Trigger"]


def test_a_failed_run_says_why_and_what_to_do_with_the_request_id_last(
    starter: Client, pack: Pack
) -> None:
    page = load_status_fragment(starter, create_failed_report(pack))
    places = [
        page.index(words)
        for words in (
            "<h3>Rate limit reached",
            "limit of requests",
            "Try again in",
            "REQUEST-1",
        )
    ]
    assert places == sorted(places)
    assert f'data-hx-post="/packs/{pack.pk}/reports/"' in page


def test_a_run_in_passing_trouble_says_so(reader: Client, pack: Pack) -> None:
    page = " ".join(
        load_status_fragment(
            reader, create_running_report(pack, error_code="Throttling.User")
        ).split()
    )
    assert "Rate limit reached. It is being tried again by itself." in page


def test_an_unchanged_state_is_announced_in_the_same_words(reader: Client, pack: Pack) -> None:
    run = create_running_report(pack, 10, state="creating")
    announced = f'data-announce="{pack.name}: the cloud is preparing"'
    assert announced in load_status_fragment(reader, run)
    Report.objects.update(requested_at=run.deadline_at)
    assert announced in load_status_fragment(reader, run)


def create_run_of(username: str, pack: Pack, seconds: float = 60) -> Report:
    user = get_user_model().objects.get(username=username)
    return create_running_report(pack, seconds, requested_by=user)


def test_a_second_press_on_generate_cancels_nothing(starter: Client, pack: Pack) -> None:
    starter.post(f"/packs/{pack.pk}/reports/", headers=HTMX)
    run = Report.objects.get()
    answer = starter.post(f"/reports/{run.pk}/cancel/", headers=HTMX)
    assert 'aria-current="step"' in answer.content.decode()
    assert "HX-Retarget" not in answer
    row = starter.post(
        f"/reports/{run.pk}/cancel/", headers=HTMX | {"HX-Target": f"pack-{pack.pk}"}
    )
    assert f'id="pack-{pack.pk}"' in row.content.decode()
    assert starter.post(f"/reports/{run.pk}/cancel/")["Location"] == f"/reports/{run.pk}/"
    run.refresh_from_db()
    assert run.under_way


def test_a_second_press_on_cancel_generates_nothing(starter: Client, pack: Pack) -> None:
    run = create_run_of("officer", pack)
    starter.post(f"/reports/{run.pk}/cancel/", headers=HTMX)
    answer = starter.post(f"/packs/{pack.pk}/reports/", headers=HTMX).content.decode()
    assert "The run was cancelled" in answer
    assert Report.objects.count() == 1
    Report.objects.update(ended_at=timezone.now() - dt.timedelta(seconds=3))
    starter.post(f"/packs/{pack.pk}/reports/", headers=HTMX)
    assert Report.objects.count() == 2


def test_cancelling_the_run_of_another_user_asks_first(starter: Client, pack: Pack) -> None:
    owner = get_user_model().objects.create(username="li-lei")
    run = create_running_report(pack, 60, requested_by=owner)
    address = f"/reports/{run.pk}/cancel/"
    assert starter.post(address, headers=HTMX)["HX-Redirect"] == address
    page = " ".join(starter.post(address).content.decode().split())
    assert "Cancel this run?" in page
    assert "li-lei started it" in page
    run.refresh_from_db()
    assert run.under_way
    answer = starter.post(address, {"confirmed": "yes"})
    assert answer["Location"] == f"/reports/{run.pk}/"
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_who_cancelled_stands_on_the_row(starter: Client, pack: Pack) -> None:
    run = create_run_of("officer", pack)
    starter.post(f"/reports/{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.cancelled_by is not None
    assert run.cancelled_by.get_username() == "officer"
    for address in (f"/packs/{pack.pk}/", "/reports/"):
        page = " ".join(starter.get(address).content.decode().split())
        assert "cancelled</span> (by officer)" in page
        answer = starter.get(address, headers={"accept-language": "zh-hans"})
        page = " ".join(answer.content.decode().split())
        assert "已取消</span> （取消人：officer）" in page
    assert "cancelled by officer" in starter.get(f"/reports/{run.pk}/").content.decode()


def test_cancel_ends_the_run_and_offers_another_try(starter: Client, pack: Pack) -> None:
    run = create_run_of("officer", pack)
    answer = starter.post(f"/reports/{run.pk}/cancel/", headers=HTMX).content.decode()
    assert "The run was cancelled" in answer
    assert "Try again" in answer
    assert "data-hx-get" not in answer
    assert starter.post(f"/reports/{run.pk}/cancel/")["Location"] == f"/reports/{run.pk}/"


def test_cancelling_a_finished_report_changes_nothing(starter: Client, pack: Pack) -> None:
    report = create_ready_report(pack)
    starter.post(f"/reports/{report.pk}/cancel/")
    report.refresh_from_db()
    assert report.state == "ready"


def test_who_may_only_read_sees_the_steps_and_cancels_nothing(reader: Client, pack: Pack) -> None:
    run = create_running_report(pack)
    page = reader.get(f"/packs/{pack.pk}/").content.decode()
    assert 'aria-current="step"' in page
    assert "/cancel/" not in page
    assert reader.post(f"/reports/{run.pk}/cancel/").status_code == 403
    assert Report.objects.get().under_way


def test_without_javascript_a_page_with_a_run_loads_itself_anew(reader: Client, pack: Pack) -> None:
    run = create_running_report(pack)
    assert (
        '<noscript><meta http-equiv="refresh" content="2">'
        in reader.get(f"/packs/{pack.pk}/").content.decode()
    )
    assert reader.get(f"/reports/{run.pk}/status/")["Location"] == f"/reports/{run.pk}/"


def test_a_report_that_is_not_there_is_not_found(starter: Client) -> None:
    assert starter.get("/reports/999/status/", headers=HTMX).status_code == 404
    assert starter.post("/reports/999/cancel/", headers=HTMX).status_code == 404
