"""What home renews in place: by its polls, by Generate and Cancel, and when an account opens."""

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.generation.bulk_requests import record_bulk_request
from dashboard.ledger.pack_summaries import rebuild_pack_summary
from dashboard.models import Pack, Report, RequestedPack
from dashboard.models.pack_archiving import archive_packs
from dashboard.queries.pack_overview import PACKS_PER_PAGE
from tests.views.home_pages import HTMX, find_rows, get_text, make_company, read_counts
from tests.views.home_pages import company as company
from tests.views.rows import create_ready_report, create_running_report

pytestmark = pytest.mark.django_db
ASKING = 'data-poll data-hx-get="/status/'


def end_run(run: Report) -> None:
    run.state, run.ended_at = Report.State.CANCELLED, timezone.now()
    run.save()
    rebuild_pack_summary(run.pack)


def post_in_row(client: Client, address: str, pack: Pack, **fields: str) -> str:
    headers = {**HTMX, "HX-Target": f"pack-{pack.pk}"}
    return client.post(address, fields, headers=headers).content.decode()


def test_cancel_in_a_row_does_not_end_the_polling_of_other_rows(
    starter: Client, officer: User, company: list[Pack]
) -> None:
    run, other = (create_running_report(pack, 60, requested_by=officer) for pack in company[:2])
    answer = post_in_row(starter, f"/reports/{run.pk}/cancel/", run.pack, q="OSS", page="2")
    assert f'{ASKING}?q=OSS&amp;page=2"' in answer
    end_run(other)
    assert ASKING not in get_text(starter, "/status/?q=OSS&page=2", htmx=True)


def test_an_account_opened_in_place_begins_the_polling_if_a_report_is_under_way(
    starter: Client, company: list[Pack]
) -> None:
    create_running_report(company[0])
    opened = get_text(starter, f"/home/accounts/{company[0].account_id}/?page=2", htmx=True)
    assert re.search(rf'<form id="polling" data-hx-swap-oob="true"\s+{ASKING}\?page=2"', opened)
    # Elsewhere the polling may go on: it is not sent.
    quiet = get_text(starter, f"/home/accounts/{company[5].account_id}/", htmx=True)
    assert 'id="polling"' not in quiet


def test_a_poll_brings_only_what_the_page_shows(
    starter: Client, company: list[Pack], officer: User
) -> None:
    account = company[0].account_id
    polled, other, archived = (create_running_report(pack) for pack in company[:3])
    archive_packs(Pack.objects.filter(pk=archived.pack_id), officer)
    query = f"report={polled.pk}&accounts={account}"
    assert set(find_rows(get_text(starter, f"/status/?{query}", htmx=True), "pack")) == {
        other.pack_id
    }
    name = polled.pack.name
    with CaptureQueriesContext(connection) as queries:
        answer = get_text(starter, f"/status/?{query}&q={name}", htmx=True)
    assert "<tr" not in answer
    assert f'id="state-{polled.pack_id}"' in answer
    assert len(queries) == 3


def test_a_poll_brings_no_row_of_another_page_of_packs(starter: Client) -> None:
    packs = make_company(PACKS_PER_PAGE + 5, 100)
    account = packs[0].account_id
    pages = [
        list(find_rows(get_text(starter, f"/?open={account}&packs={page}"), "pack"))
        for page in (1, 2)
    ]
    opened = get_text(starter, f"/?open={account}&packs=2")
    assert f'<input type="hidden" form="polling" name="open" value="{account}">' in opened
    assert '<input type="hidden" form="polling" name="packs" value="2">' in opened
    last, first = (Pack.objects.get(pk=page[-1]) for page in reversed(pages))
    create_running_report(first)
    create_running_report(last)
    for fields, pack in (("", first), (f"&open={account}&packs=2", last)):
        answer = get_text(starter, f"/status/?accounts={account}{fields}", htmx=True)
        assert list(find_rows(answer, "pack")) == [pack.pk]


def test_a_run_that_ended_leaves_the_line_and_the_sums_of_its_filter(
    starter: Client, company: list[Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.queries.pack_overview.OPEN_PACKS", 1)
    runs = [create_running_report(company[number]) for number in (0, 4, 8)]
    end_run(runs[0])
    account = company[0].account_id
    query = f"show=under-way&report={runs[0].pk}&accounts={account}&lines={account}"
    answer = get_text(starter, f"/status/?{query}", htmx=True)
    assert list(find_rows(answer, "pack")) == [company[0].pk]
    [(line_id, line)] = find_rows(answer, "line").items()
    assert (line_id, sum(read_counts(line).values())) == (account, 0)
    assert "0 packs" in line
    [total] = re.findall(r'<tr id="line-all".*?</tr>', answer, re.DOTALL)
    assert "2 packs" in total
    closed = get_text(starter, f"/home/accounts/{account}/closed/?show=under-way", htmx=True)
    assert "0 packs" in find_rows(closed, "line")[account]


def test_a_renewed_line_keeps_the_page(starter: Client, company: list[Pack]) -> None:
    report = create_ready_report(company[0])
    account = company[0].account_id
    query = f"page=2&report={report.pk}&accounts={account}&lines={account}"
    line = find_rows(get_text(starter, f"/status/?{query}", htmx=True), "line")[account]
    assert f'data-hx-get="/home/accounts/{account}/closed/?page=2"' in line
    # Of an account that is closed in the meantime no line is replaced by an opened one.
    assert f'data-hx-swap-oob="outerHTML:#line-{account}.opened"' in line


@pytest.mark.parametrize("show", ["gone", "archived"])
def test_renewed_rows_keep_their_checkboxes(
    starter: Client, company: list[Pack], officer: User, show: str
) -> None:
    pack = company[0]
    if show == "archived":
        archive_packs(Pack.objects.filter(pk=pack.pk), officer)
    else:
        Pack.objects.filter(pk=pack.pk).update(imported=True)
    run = create_running_report(pack, 60, requested_by=officer)
    box = f'<input type="checkbox" form="chosen" name="pack" value="{pack.pk}"'
    cancelled = post_in_row(starter, f"/reports/{run.pk}/cancel/", pack, show=show)
    polled = get_text(starter, f"/status/?show={show}&report={run.pk}", htmx=True)
    assert box in cancelled
    assert box in polled
    assert box not in get_text(starter, f"/status/?report={run.pk}", htmx=True)


def test_the_poll_of_bulk_requests_renews_cards_and_lines_when_packs_have_ended(
    starter: Client, officer: User, company: list[Pack]
) -> None:
    bulk_request = record_bulk_request(Pack.objects.all(), officer)
    page = get_text(starter, "/?page=1")
    assert 'data-hx-get="/reports/bulk/lines/?"' in page
    assert """data-hx-include="#polling" data-hx-vals='{"ended": 0}'""" in page
    lines = find_rows(page, "line")
    for pk in lines:
        assert f'<input type="hidden" form="polling" name="lines" value="{pk}">' in lines[pk]
    opened, closed = company[0].account_id, company[5].account_id
    address = f"/reports/bulk/lines/?accounts={opened}&lines={opened}&lines={closed}"
    report = create_ready_report(company[5], failing=800, failing_high=800)
    ended = RequestedPack.objects.filter(pack=company[5])
    ended.update(state=RequestedPack.State.READY, report=report)
    answer = get_text(starter, f"{address}&ended=0", htmx=True)
    assert """data-hx-vals='{"ended": 1}'""" in answer
    assert set(find_rows(answer, "line")) == {opened, closed}
    assert f'data-hx-swap-oob="outerHTML:#line-{opened}.opened"' in answer
    assert f'data-hx-swap-oob="outerHTML:#line-{closed}:not(.opened)"' in answer
    assert read_counts(find_rows(answer, "line")[closed])["High"] >= 800
    assert 'id="line-all"' in answer
    assert 'id="packs-new"' in answer
    unchanged = get_text(starter, f"{address}&ended=1", htmx=True)
    assert "line-all" not in unchanged
    assert "packs-new" not in unchanged
    # The end of the whole request too.
    type(bulk_request).objects.update(ended_at=timezone.now())
    assert 'id="packs-new"' in get_text(starter, f"{address}&ended=1", htmx=True)


def test_the_poll_of_bulk_requests_begins_the_polling_of_the_rows(
    starter: Client, officer: User, company: list[Pack]
) -> None:
    record_bulk_request(Pack.objects.all(), officer)
    address = f"/reports/bulk/lines/?page=2&accounts={company[0].account_id}&ended=0"
    assert f'{ASKING}?page=2"' in get_text(starter, address, htmx=True)
    assert ASKING not in get_text(starter, f"{address}&report=1", htmx=True)
    assert ASKING not in get_text(starter, "/reports/bulk/lines/?ended=0", htmx=True)
