"""Home with many packs: an account is one line that opens in place to its packs."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.generation import requests
from dashboard.models import Account, Pack, PackSummary
from dashboard.models.pack_archiving import archive_packs
from dashboard.queries.pack_overview import ACCOUNTS_PER_PAGE, OPEN_PACKS, PACKS_PER_PAGE
from tests.views.home_pages import HTMX, find_rows, get_text, make_company, read_counts
from tests.views.home_pages import company as company
from tests.views.rows import create_ready_report, create_running_report

pytestmark = pytest.mark.django_db


def test_up_to_thirty_packs_all_stand_open(reader: Client) -> None:
    make_company(OPEN_PACKS, 4)
    page = get_text(reader)
    assert len(find_rows(page, "pack")) == OPEN_PACKS
    assert not find_rows(page, "line")


@pytest.mark.parametrize("query", ["", "?show=new-high", "?page=2", "?open={account}"])
def test_all_accounts_are_shown_where_all_packs_stand_open(reader: Client, query: str) -> None:
    for number in range(ACCOUNTS_PER_PAGE + 5):
        account = Account.objects.create(name=f"{number}", uid=f"{10**15 + number}")
        pack = Pack.objects.create(account=account, pack_id="cp-1", name="Only pack")
        reasons = {"regressed": 1}
        create_ready_report(
            pack, failing=1, failing_high=1, came=1, left=0, high_risk_changes_by_reason=reasons
        )
    page = get_text(reader, f"/{query.format(account=account.pk)}")
    assert len(find_rows(page, "pack")) == ACCOUNTS_PER_PAGE + 5


def test_beyond_thirty_packs_an_account_is_one_line(reader: Client, company: list[Pack]) -> None:
    page = get_text(reader)
    assert set(find_rows(page, "line")) == {pack.account_id for pack in company}
    assert not find_rows(page, "pack")
    assert page.count("4 packs") == 10
    assert "10 accounts" in page
    assert "40 packs" in page


@pytest.mark.parametrize(
    "query", ["", "q=OSS", "risk=high", "show=new", "account=190000000000000", "show=archived"]
)
def test_the_numbers_of_a_line_are_the_sums_over_its_packs(
    reader: Client, company: list[Pack], query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.queries.pack_overview.OPEN_PACKS", 2)
    for pack in company[::5]:
        pack.archived_at = timezone.now()
        pack.save()
    page = get_text(reader, f"/?{query}")
    lines = find_rows(page, "line")
    assert lines
    totals = Counter[str]()
    for account_id, line in lines.items():
        opened = get_text(reader, f"/?{query}&open={account_id}")
        packs = find_rows(opened, "pack")
        assert f"{len(packs)} pack" in line
        sums = Counter[str]()
        for row in packs.values():
            sums.update(read_counts(row))
        assert read_counts(line) == sums
        totals.update(sums)
    [total] = re.findall(r'<tr id="line-all".*?</tr>', page, re.DOTALL)
    assert read_counts(total) == totals
    assert sum(totals.values())


def test_the_rates_of_a_line_are_those_of_all_its_packs(reader: Client, account: Account) -> None:
    for number in range(OPEN_PACKS + 1):
        pack = Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"{number}")
        if number < 2:
            create_ready_report(pack, compliant=6 - number, failing=1 + 3 * number)
    [line] = find_rows(get_text(reader), "line").values()
    assert "68.7 %" in line  # 11 / (11 + 5)


def test_the_worst_account_comes_first(reader: Client, company: list[Pack]) -> None:
    create_ready_report(company[39], failing=900, failing_high=900)
    assert next(iter(find_rows(get_text(reader), "line"))) == company[39].account_id


def test_an_account_opens_by_a_link_without_scripts(reader: Client, company: list[Pack]) -> None:
    account = company[0].account
    line = find_rows(get_text(reader), "line")[account.pk]
    address = re.search(r'href="([^"]+)"', line)
    assert address
    assert address[1] == f"/?open={account.pk}#account-{account.pk}"
    page = get_text(reader, f"/?open={account.pk}")
    assert set(find_rows(page, "pack")) == {pack.pk for pack in account.packs.all()}
    assert len(find_rows(page, "line")) == 10
    assert f'href="/?#account-{account.pk}"' in find_rows(page, "line")[account.pk]


def test_an_account_opens_and_closes_in_place(reader: Client, company: list[Pack]) -> None:
    account = company[5].account
    address = f"/home/accounts/{account.pk}/"
    answer = reader.get(f"{address}?risk=high", headers=HTMX)
    opened = answer.content.decode()
    assert opened.strip().startswith(f'<tbody id="account-{account.pk}"')
    high = account.packs.filter(summary__failing_high__gt=0)
    assert set(find_rows(opened, "pack")) == set(high.values_list("pk", flat=True))
    assert answer["HX-Replace-Url"] == f"/?risk=high&open={account.pk}"
    closed = reader.get(f"{address}closed/?risk=high", headers=HTMX)
    assert not find_rows(closed.content.decode(), "pack")
    assert closed["HX-Replace-Url"] == "/?risk=high"
    assert reader.get(address)["Location"] == f"/?open={account.pk}"


def test_an_account_without_a_pack_that_matches_is_a_line_of_no_packs(
    reader: Client, company: list[Pack]
) -> None:
    account = company[0].account_id
    for address in (f"/home/accounts/{account}/", f"/home/accounts/{account}/closed/"):
        answer = get_text(reader, f"{address}?q=nowhere", htmx=True)
        assert "0 packs" in find_rows(answer, "line")[account]
        assert not find_rows(answer, "pack")
    assert reader.get("/home/accounts/999999/", headers=HTMX).status_code == 404


def test_accounts_are_paged_and_a_link_leads_to_the_page_of_the_opened_one(reader: Client) -> None:
    make_company(2 * ACCOUNTS_PER_PAGE + 1, 1)
    first, second = (set(find_rows(get_text(reader, f"/?page={page}"), "line")) for page in (1, 2))
    assert len(first) == len(second) == ACCOUNTS_PER_PAGE
    assert not first & second
    last = max(second)
    page = get_text(reader, f"/?open={last}")
    assert set(find_rows(page, "line")) == second
    assert len(find_rows(page, "pack")) == 1


def test_the_packs_of_an_opened_account_are_paged(reader: Client) -> None:
    packs = make_company(PACKS_PER_PAGE + 5, 100)
    account_id = packs[0].account_id
    page = get_text(reader, f"/?open={account_id}")
    assert len(find_rows(page, "pack")) == PACKS_PER_PAGE
    address = f"/?open={account_id}&amp;packs=2#account-{account_id}"
    assert f'href="{address}"' in page
    rest = get_text(reader, f"/?open={account_id}&packs=2")
    assert len(find_rows(rest, "pack")) == 5
    assert not set(find_rows(rest, "pack")) & set(find_rows(page, "pack"))


@pytest.mark.parametrize(
    ("query", "select"),
    [
        ("account=信贷", lambda pack: pack.account.name.startswith("信贷")),
        ("account=1900000000000003", lambda pack: pack.account.uid.endswith("0003")),
        ("q=OSS", lambda pack: "OSS" in pack.name),
        ("risk=low", lambda pack: pack.summary.failing_low > 0),
        ("show=gone", lambda pack: pack.summary.gone or pack.summary.imported),
        ("show=under-way", lambda pack: pack.summary.last_run_state == "under-way"),
        ("q=OSS&show=gone&account=nowhere", lambda _pack: False),
    ],
)
def test_a_filter_shows_exactly_the_packs_that_match(
    reader: Client, company: list[Pack], query: str, select: Callable[[Pack], bool]
) -> None:
    create_running_report(company[1])
    packs = Pack.objects.select_related("account", "summary")
    expected = {pack.pk for pack in packs if select(pack)}
    page = get_text(reader, f"/?{query}")
    assert set(find_rows(page, "pack")) == expected
    if expected:
        assert f"{len(expected)} of 40 packs" in page
    else:
        assert "No pack matches this filter." in page


def test_a_filter_that_is_not_understood_is_named(reader: Client, company: list[Pack]) -> None:
    page = get_text(reader, "/?show=nonsense&risk=huge&open=x")
    assert "Ignored unknown filters in the address: state, risk, opened row." in page
    assert len(find_rows(page, "line")) == 10


def test_the_trend_of_an_account_sums_up_its_reports_in_force(
    reader: Client, account: Account
) -> None:
    for number in range(OPEN_PACKS + 1):
        pack = Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"{number}")
        for weeks_ago, failing in ((30, 100), (5, 10), (1, 1)):
            create_ready_report(pack, weeks_ago * 7, failing=failing)
    packs = OPEN_PACKS + 1
    label = f'aria-label="Failing {100 * packs:,} → {packs} in 12 weeks"'
    assert label in find_rows(get_text(reader), "line")[account.pk]


def test_a_report_from_next_week_counts_in_this_week(reader: Client, account: Account) -> None:
    for number in range(OPEN_PACKS + 1):
        pack = Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"{number}")
        create_ready_report(pack, days_ago=-7, failing=2)
    label = f'aria-label="Failing 0 → {2 * (OPEN_PACKS + 1)} in 12 weeks"'
    assert label in find_rows(get_text(reader), "line")[account.pk]


def test_the_oldest_report_of_an_account_is_told(reader: Client, company: list[Pack]) -> None:
    summaries = PackSummary.objects.filter(account=company[4].account_id)
    oldest = min(summary.latest_created_at for summary in summaries if summary.latest_created_at)
    line = find_rows(get_text(reader), "line")[company[4].account_id]
    assert f'datetime="{oldest.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"' in line


def test_a_run_that_ended_renews_its_row_its_line_and_the_sums(
    starter: Client, company: list[Pack]
) -> None:
    pack = company[0]
    report = create_ready_report(pack, failing=700, failing_low=700)
    query = f"report={report.pk}&accounts={pack.account_id}&lines=yes"
    answer = get_text(starter, f"/status/?{query}", htmx=True)
    assert list(find_rows(answer, "pack")) == [pack.pk]
    [line] = find_rows(answer, "line").values()
    assert f'data-hx-swap-oob="outerHTML:#line-{pack.account_id}.opened"' in line
    sums = read_counts(line)
    assert sums["Failing"] >= 700
    assert sums == read_counts(find_rows(get_text(starter), "line")[pack.account_id])
    [total] = re.findall(r'<tr id="line-all".*?</tr>', answer, re.DOTALL)
    assert read_counts(total)["Failing"] > sums["Failing"]
    assert 'id="packs-new"' in answer


def test_a_run_under_way_renews_no_sums(starter: Client, company: list[Pack]) -> None:
    run = create_running_report(company[0])
    query = f"report={run.pk}&accounts={company[0].account_id}&lines=yes"
    answer = get_text(starter, f"/status/?{query}", htmx=True)
    assert not find_rows(answer, "line")
    assert "packs-new" not in answer
    assert len(answer) < 1024


def test_a_poll_of_a_run_that_a_newer_one_has_followed_renews_the_row(
    starter: Client, company: list[Pack]
) -> None:
    polled, newer = (create_ready_report(company[0], days_ago=days) for days in (1, 0))
    assert company[0].summary.last_run_id != polled.pk
    answer = get_text(starter, f"/status/?report={polled.pk}", htmx=True)
    assert list(find_rows(answer, "pack")) == [company[0].pk]
    assert f"/reports/{newer.pk}/" in answer


def test_the_number_of_archived_packs_is_not_compared_with_that_of_the_others(
    reader: Client, company: list[Pack], officer: User
) -> None:
    archived = [pack.pk for pack in company[:25]]
    archive_packs(Pack.objects.filter(pk__in=archived), officer)
    page = get_text(reader, "/?show=archived")
    assert "25 archived packs." in page
    assert "of 15 packs" not in page
    assert "25 of" not in page


def test_the_order_is_told_as_it_is(reader: Client, company: list[Pack]) -> None:
    order = (
        "Packs of an account: those with failures in the same order, those without a report, "
        "compliant ones, and last those gone from the cloud."
    )
    assert order in get_text(reader)
    assert order in get_text(reader, "/?q=OSS")


def test_the_numbers_of_lines_lead_to_their_packs(
    reader: Client, company: list[Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.queries.pack_overview.OPEN_PACKS", 2)
    create_ready_report(company[0], failing=9, failing_high=9, came=9, left=0)
    page = get_text(reader, "/?q=OSS")
    lines = find_rows(page, "line")
    for account in Account.objects.filter(pk__in=lines):
        counts = read_counts(lines[account.pk])
        for label, condition in (("High", "risk=high"), ("Low", "risk=low"), ("came", "show=new")):
            href = f'href="/?q=OSS&amp;account={account.uid}&amp;{condition}"'
            assert (href in lines[account.pk]) == bool(counts[label])
    [total] = re.findall(r'<tr id="line-all".*?</tr>', page, re.DOTALL)
    assert 'href="/?q=OSS&amp;risk=high"' in total


def test_numbers_are_no_links_where_theirs_would_replace_a_condition(
    reader: Client, company: list[Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.queries.pack_overview.OPEN_PACKS", 2)
    for query in ("risk=low", "show=new"):
        for line in find_rows(get_text(reader, f"/?{query}"), "line").values():
            assert "risk=high" not in line


def test_the_id_of_an_account_leads_to_its_page(
    reader: Client, admin_client: Client, company: list[Pack]
) -> None:
    account = company[0].account
    link = f'href="/accounts/{account.pk}/">{account.uid}</a>'
    assert link in find_rows(get_text(admin_client), "line")[account.pk]
    assert link not in get_text(reader)


def count_queries(client: Client, address: str, *, htmx: bool = False) -> int:
    with CaptureQueriesContext(connection) as queries:
        get_text(client, address, htmx=htmx)
    return len(queries)


def count_all_queries(client: Client, pack: Pack) -> list[int]:
    """Count the queries of home, filtered and opened, of an account and of the two polls."""
    report = pack.reports.ready()[0]
    account = pack.account_id
    return [
        *(count_queries(client, f"/?{query}") for query in ("", "show=new", "q=OSS&risk=high")),
        count_queries(client, f"/?open={account}"),
        count_queries(client, f"/home/accounts/{account}/", htmx=True),
        count_queries(client, f"/status/?report={report.pk}", htmx=True),
        count_queries(client, f"/status/?report={report.pk}&lines=yes", htmx=True),
    ]


def test_home_takes_the_same_queries_for_few_packs_and_for_many(
    starter: Client, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.queries.pack_overview.OPEN_PACKS", 2)
    packs = make_company(10, 2)
    requests.request_report(packs[1], officer)
    few = count_all_queries(starter, packs[0])
    make_company(300, 2)
    assert count_all_queries(starter, packs[0]) == few
    assert max(few) <= 15


def test_up_to_thirty_packs_take_the_same_queries(starter: Client) -> None:
    make_company(3, 2)
    few = count_queries(starter, "/")
    make_company(30, 2)
    assert count_queries(starter, "/") == few
    assert few <= 15
