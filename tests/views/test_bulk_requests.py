"""The pages of bulk requests: Generate all, how far it has come, its packs, and Cancel all."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.generation import bulk_requests
from dashboard.models import Account, BulkRequest, Pack, Report, RequestedPack
from tests.views.rows import create_failed_report, create_ready_report, create_running_report

HTMX = {"HX-Request": "true"}
pytestmark = pytest.mark.django_db
State = RequestedPack.State
CreateReport = Callable[[Pack], Report]


@pytest.fixture
def another(account: Account) -> Callable[[str], Pack]:
    """Makes one more pack of the account."""
    return lambda name: Pack.objects.create(account=account, pack_id=f"cp-{name}", name=name)


def read_page(client: Client, address: str, **options: object) -> str:
    answer = client.get(address, **options)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return answer.content.decode()


def record(user: User, **states: int) -> BulkRequest:
    """Record a request with so many packs in each state; those that were asked have a report."""
    account = Account.objects.get_or_create(name="Production", uid="1000000000000001")[0]
    packs = Pack.objects.bulk_create(
        Pack(account=account, pack_id=f"cp-{state}-{number}", name=f"{state} {number}")
        for state, count in states.items()
        for number in range(count)
    )
    bulk_request = bulk_requests.record_bulk_request(
        Pack.objects.filter(pk__in=[pack.pk for pack in packs]), user
    )
    makers: dict[RequestedPack.State, CreateReport] = {
        State.GENERATING: create_running_report,
        State.READY: create_ready_report,
        State.FAILED: create_failed_report,
    }
    for requested_pack in bulk_request.packs.select_related("pack"):
        state = State(requested_pack.pack.name.split()[0])
        create_report = makers.get(state)
        report = create_report(requested_pack.pack) if create_report else None
        RequestedPack.objects.filter(pk=requested_pack.pk).update(state=state, report=report)
    return bulk_request


def test_generate_all_records_a_request_and_opens_its_page(
    starter: Client, officer: User, another: Callable[[str], Pack]
) -> None:
    packs = [another("first"), another("second")]
    another("gone").mark_gone(timezone.now())
    location = starter.post("/reports/generate/")["Location"]
    bulk_request = BulkRequest.objects.get()
    assert location == f"/reports/bulk/{bulk_request.pk}/"
    assert bulk_request.requested_by == officer
    assert not Report.objects.exists()
    waiting = RequestedPack.objects.waiting()
    assert {requested_pack.pack for requested_pack in waiting} == set(packs)
    page = read_page(starter, location)
    assert "0 of 2 asked, 0 ready" in page
    assert "1 left out: archived, or not in the cloud" in page


def test_generate_these_requests_the_packs_that_the_filter_shows(
    starter: Client, another: Callable[[str], Pack]
) -> None:
    create_ready_report(another("known"))
    never = another("unknown")
    location = starter.post("/reports/generate/", {"show": "never"})["Location"]
    assert RequestedPack.objects.get().pack == never
    assert re.search(r'href="/\?show=never">[^<]*No report yet</a>', read_page(starter, location))


def test_who_may_only_read_looks_and_changes_nothing(reader: Client, officer: User) -> None:
    bulk_request = record(officer, waiting=1)
    address = f"/reports/bulk/{bulk_request.pk}/"
    assert "Cancel all" not in read_page(reader, address)
    for method in (reader.get, reader.post):
        assert method(f"{address}cancel/").status_code == 403
    assert BulkRequest.objects.under_way().get().cancelled_at is None


def test_the_page_counts_the_packs_by_state_and_each_number_opens_its_packs(
    reader: Client, officer: User
) -> None:
    bulk_request = record(officer, waiting=2, asked=1, ready=3, failed=1)
    address = f"/reports/bulk/{bulk_request.pk}/"
    page = read_page(reader, address)
    assert "5 of 7 asked, 3 ready" in page
    for state, count in (("waiting", 2), ("asked", 1), ("ready", 3), ("failed", 1)):
        shown = read_page(reader, f"{address}?state={state}")
        names = re.findall(r'<th scope="row"><a href="/packs/\d+/"[^>]*>([^<]+)</a>', shown)
        assert [name.split()[0] for name in names] == [state] * count
        assert f'href="{address}?state={state}"' in page
    assert "Rate limit reached" in read_page(reader, f"{address}?state=failed")


def test_an_unknown_state_in_the_address_shows_all_packs(reader: Client, officer: User) -> None:
    bulk_request = record(officer, waiting=2)
    page = read_page(reader, f"/reports/bulk/{bulk_request.pk}/?state=nonsense")
    assert "waiting 1" in page
    assert "Ignored unknown filters in the address: state." in page


def test_a_poll_keeps_the_mark_of_the_state_whose_packs_are_shown(
    reader: Client, officer: User
) -> None:
    bulk_request = record(officer, waiting=1, ready=1)
    page = read_page(reader, f"/reports/bulk/{bulk_request.pk}/?state=ready")
    [status] = re.findall(r'data-hx-get="([^"]+/status/[^"]*)"', page)
    for text in (page, read_page(reader, status, headers=HTMX)):
        assert f'data-hx-get="{status}"' in text
        [marked] = re.findall(r'<a id="bulk-([a-z-]+)"[^>]* aria-current="true">', text)
        assert marked == "ready"


def test_the_polls_of_a_bulk_request_slow_down(reader: Client, officer: User) -> None:
    bulk_request = record(officer, waiting=1)
    for seconds, pause in ((0, 2), (100, 10), (3600, 15)):
        requested_at = timezone.now() - dt.timedelta(seconds=seconds)
        BulkRequest.objects.update(requested_at=requested_at)
        for address in (f"/reports/bulk/{bulk_request.pk}/status/", "/reports/bulk/lines/"):
            assert f'data-hx-trigger="every {pause}s, seen"' in read_page(
                reader, address, headers=HTMX
            )


def test_a_request_under_way_asks_for_itself_and_an_ended_one_does_not(
    reader: Client, officer: User
) -> None:
    bulk_request = record(officer, waiting=1, ready=1)
    address = f"/reports/bulk/{bulk_request.pk}/status/"
    answer = read_page(reader, address, headers=HTMX)
    assert f'data-hx-get="{address}"' in answer
    assert "<table" not in answer
    BulkRequest.objects.update(ended_at=timezone.now())
    response = reader.get(address, headers=HTMX)
    assert b"data-poll" not in response.content
    assert b'data-announce="Ended: 1 of 2 ready."' in response.content
    assert "bulk-ended" in response.headers["HX-Trigger"]


def test_a_poll_without_htmx_leads_to_the_page(reader: Client, officer: User) -> None:
    bulk_request = record(officer, waiting=1)
    address = f"/reports/bulk/{bulk_request.pk}/"
    assert reader.get(f"{address}status/")["Location"] == address
    assert reader.get("/reports/bulk/lines/")["Location"] == "/"


def test_home_has_a_line_for_each_request_under_way(reader: Client, officer: User) -> None:
    assert "bulk-lines" not in read_page(reader, "/")
    bulk_request = record(officer, waiting=1, ready=1)
    assert f'href="/reports/bulk/{bulk_request.pk}/"' in read_page(reader, "/")
    line = read_page(reader, "/reports/bulk/lines/", headers=HTMX)
    assert "1 of 2 asked, 1 ready" in line
    assert "data-poll" in line
    BulkRequest.objects.update(ended_at=timezone.now())
    line = read_page(reader, "/reports/bulk/lines/", headers=HTMX)
    assert "data-poll" not in line
    assert "asked" not in line


def test_cancel_all_asks_first_and_says_who_cancelled(starter: Client, officer: User) -> None:
    bulk_request = record(officer, waiting=2, asked=1, ready=1)
    address = f"/reports/bulk/{bulk_request.pk}/"
    assert "Cancel this bulk generation?" in read_page(starter, f"{address}cancel/")
    assert BulkRequest.objects.get().cancelled_at is None
    assert starter.post(f"{address}cancel/")["Location"] == address
    page = read_page(starter, address)
    assert re.search(r"Cancelled by officer, <time [^>]*>[^<]+</time>\.", page)
    assert f'href="{address}?state=dropped"' in page
    assert "Cancel all" not in page
    assert starter.get(f"{address}cancel/")["Location"] == address


def test_the_list_tells_each_request_newest_first(reader: Client, officer: User) -> None:
    assert "Nobody has generated" in read_page(reader, "/reports/bulk/")
    older = record(officer, ready=2, failed=1)
    BulkRequest.objects.update(ended_at=timezone.now(), requested_at="2026-01-01T00:00Z")
    newer = BulkRequest.objects.create(
        requested_by=officer, cancelled_at=timezone.now(), cancelled_by=officer
    )
    page = read_page(reader, "/reports/bulk/")
    assert re.findall(r'<th scope="row">\s*<a href="/reports/bulk/(\d+)/">', page) == [
        str(newer.pk),
        str(older.pk),
    ]
    assert "cancelled by officer" in page
    assert f'href="/reports/bulk/{older.pk}/?state=failed">1</a>' in page


def test_the_pages_take_the_same_queries_for_few_packs_and_for_many(
    reader: Client, officer: User
) -> None:
    def count_queries(address: str, **options: object) -> int:
        with CaptureQueriesContext(connection) as captured:
            read_page(reader, address, **options)
        return len(captured)

    def count_all(pk: int) -> list[int]:
        address = f"/reports/bulk/{pk}/"
        return [
            count_queries("/reports/bulk/"),
            count_queries(address),
            count_queries(f"{address}status/", headers=HTMX),
            count_queries("/reports/bulk/lines/", headers=HTMX),
        ]

    few = count_all(record(officer, waiting=2, ready=2).pk)
    other = Account.objects.create(name="Other", uid="1000000000000002")
    many_packs = Pack.objects.bulk_create(
        Pack(account=other, pack_id=f"cp-{number}", name=f"{number}") for number in range(60)
    )
    BulkRequest.objects.update(requested_at="2026-01-01T00:00Z")
    many_request = bulk_requests.record_bulk_request(Pack.objects.filter(account=other), officer)
    for pack in many_packs[:30]:
        report = create_running_report(pack)
        many_request.packs.filter(pack=pack).update(state=State.GENERATING, report=report)
    assert count_all(many_request.pk) == few
    assert max(few) <= 8
