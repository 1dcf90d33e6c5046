"""A pack's page: its reports, newest first, and what each of them was."""

import datetime as dt
import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.models import Pack, Report, Rule
from dashboard.queries.report_list import REPORTS_PER_PAGE
from tests.views.pages import get_page
from tests.views.rows import create_failed_report, create_ready_report, create_running_report

pytestmark = pytest.mark.django_db


def load_pack_page(client: Client, pack: Pack, query: str = "") -> str:
    return client.get(f"/packs/{pack.pk}/{query}").content.decode()


def list_report_ids(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'<a id="(\d+)" href="/reports/', text)]


def test_a_pack_without_reports_says_how_the_first_comes_about(starter: Client, pack: Pack) -> None:
    assert "No report of this pack yet." in load_pack_page(starter, pack)
    assert "Generate asks the cloud for one" in load_pack_page(starter, pack)


def test_reports_stand_newest_first(reader: Client, pack: Pack) -> None:
    made = [create_ready_report(pack, days).pk for days in (3, 1, 2)]
    assert list_report_ids(load_pack_page(reader, pack)) == [made[1], made[2], made[0]]


def test_an_entry_says_what_the_report_was(reader: Client, pack: Pack, officer: User) -> None:
    report = create_ready_report(
        pack,
        1,
        pack_name="As it was named",
        requested_by=officer,
        rows=1234,
        compliant=1177,
        failing=57,
        failing_high=12,
    )
    text = load_pack_page(reader, pack)
    for fact in (
        "95.3 %",
        ">57</a>",
        ">12</a>",
        "1,234 rows",
        "by officer",
        "As it was named",
        "1000 B",
        "report.xls",
    ):
        assert fact in text
    assert f'title="report.xls\n{report.original_id}"' in text


def test_an_entry_says_its_three_times_each_with_its_zone_and_in_utc(
    reader: Client, pack: Pack
) -> None:
    moments = [dt.datetime(2026, 3, 1, 4, minute, 59, tzinfo=dt.UTC) for minute in range(3)]
    create_ready_report(pack)
    Report.objects.update(evaluated_at=moments[0], created_at=moments[1], received_at=moments[2])
    for text in (load_pack_page(reader, pack), reader.get("/reports/").content.decode()):
        for moment, before in zip(moments, ("evaluated ", "", "received "), strict=True):
            utc, local = (
                f"{moment:%Y-%m-%d %H:%M}:59 UTC",
                f"2026-03-01 12:0{moment.minute}",
            )
            assert re.search(
                rf'{before}<time [^>]*{utc}" data-offset="UTC\+8">{local}</time>', text
            )


def test_a_choice_is_named_by_its_column_and_the_time_of_its_report(
    reader: Client, pack: Pack
) -> None:
    reports = [create_ready_report(pack, days) for days in range(3)]
    create_failed_report(pack)
    text = load_pack_page(reader, pack)
    named = re.findall(
        r'<input type="radio" name="(\w)" value="(\d+)" aria-labelledby="([^"]+)"', text
    )
    assert named == [(side, str(one.pk), f"{side} {one.pk}") for one in reports for side in "ab"]
    for place in {place for *_, names in named for place in names.split()}:
        assert text.count(f' id="{place}"') == 1


def test_failed_and_cancelled_runs_are_listed_with_their_cause(reader: Client, pack: Pack) -> None:
    create_failed_report(pack, "SignatureDoesNotMatch")
    create_running_report(pack, state="cancelled", error_code="cancelled")
    text = load_pack_page(reader, pack)
    assert len(list_report_ids(text)) == 2
    assert "The AccessKey secret is wrong" in text
    assert "cancelled" in text


def test_a_report_with_the_same_content_names_the_one_before_it(reader: Client, pack: Pack) -> None:
    first, second = (
        create_ready_report(pack, 3, content_hash=42),
        create_ready_report(pack, 2, content_hash=42),
    )
    create_ready_report(pack, 1, content_hash=43)
    text = load_pack_page(reader, pack)
    assert text.count("same content as") == 1
    row = text[text.index(f'<a id="{second.pk}"') : text.index(f'<a id="{first.pk}"')]
    assert f"{first.created_at:%Y-%m-%d %H:%M:%S} UTC" in row[row.index("same content as") :]


@pytest.mark.parametrize("result", ["ready", "failed", "cancelled", "under-way"])
def test_a_result_can_be_asked_for(reader: Client, pack: Pack, result: str) -> None:
    made = {
        "ready": create_ready_report(pack),
        "failed": create_failed_report(pack),
        "cancelled": create_running_report(pack, state="cancelled"),
        "under-way": create_running_report(pack),
    }
    assert list_report_ids(load_pack_page(reader, pack, f"?result={result}")) == [made[result].pk]


def test_days_are_the_readers_own(reader: Client, pack: Pack) -> None:
    # 23:30 UTC is the next morning in Shanghai.
    late = create_ready_report(pack)
    Report.objects.filter(pk=late.pk).update(
        created_at=dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)
    )
    assert list_report_ids(load_pack_page(reader, pack, "?since=2026-03-02&until=2026-03-02")) == [
        late.pk
    ]
    assert list_report_ids(load_pack_page(reader, pack, "?until=2026-03-01")) == []
    reader.post("/preferences/", {"zone": "UTC"})
    assert list_report_ids(load_pack_page(reader, pack, "?since=2026-03-01&until=2026-03-01")) == [
        late.pk
    ]


def test_who_started_a_report_can_be_asked_for(reader: Client, pack: Pack, officer: User) -> None:
    mine = create_ready_report(pack, 1, requested_by=officer)
    create_ready_report(pack, 2)
    assert list_report_ids(load_pack_page(reader, pack, "?by=off")) == [mine.pk]


def test_a_filter_that_nothing_matches_offers_to_clear_it(reader: Client, pack: Pack) -> None:
    create_ready_report(pack)
    query = "?result=failed&by=ann&since=2026-01-02"
    conditions = "Result: Failed, From: 2026-01-02, Started by: ann"
    for path in (f"/packs/{pack.pk}/", "/reports/"):
        page = reader.get(path + query).content.decode()
        assert f"No report matches the filter {conditions}." in page
        assert f'<a href="{path}">Clear the filter</a>' in page
    page = reader.get(f"/reports/?pack={pack.pk}&q=nowhere").content.decode()
    assert f"No report matches the filter Account or pack: nowhere, Pack: {pack.name}." in page


def test_a_date_that_is_none_is_named_and_narrows_nothing(reader: Client, pack: Pack) -> None:
    report = create_ready_report(pack)
    text = load_pack_page(reader, pack, "?since=yesterday&page=nonsense")
    assert "Enter a valid date." in text
    assert list_report_ids(text) == [report.pk]


def test_pages_are_of_one_length_and_keep_the_filter(reader: Client, pack: Pack) -> None:
    for number in range(REPORTS_PER_PAGE + 1):
        create_failed_report(pack, seconds=number)
    text = load_pack_page(reader, pack, "?result=failed")
    assert len(list_report_ids(text)) == REPORTS_PER_PAGE
    assert '<button name="page" value="2">Next</button>' in text
    assert '<option value="failed" selected>' in text
    assert len(list_report_ids(load_pack_page(reader, pack, "?result=failed&page=2"))) == 1


def test_a_list_that_hears_of_an_ended_run_brings_itself_up_to_date(
    reader: Client, pack: Pack
) -> None:
    text = load_pack_page(reader, pack)
    assert f'data-hx-get="/packs/{pack.pk}/" data-hx-trigger="report-ended from:body"' in text
    part = reader.get(f"/packs/{pack.pk}/", headers={"HX-Request": "true"}).content.decode().strip()
    assert part.startswith('<section id="reports"')


def test_a_run_under_way_takes_the_place_of_generate(starter: Client, pack: Pack) -> None:
    generate, cancel = (
        f'{action} <span class="unseen">{pack.name}</span></button>'
        for action in ("Generate", "Cancel")
    )
    assert generate in load_pack_page(starter, pack)
    create_running_report(pack)
    text = load_pack_page(starter, pack)
    assert generate not in text
    assert cancel in text


def test_a_pack_that_was_only_imported_cannot_be_generated(starter: Client, pack: Pack) -> None:
    Pack.objects.update(imported=True)
    assert "Imported pack, not found in the cloud" in load_pack_page(starter, pack)
    assert starter.post(f"/packs/{pack.pk}/reports/").status_code == 404


def test_a_pack_page_takes_the_same_queries_for_two_reports_and_for_fifty(
    reader: Client, pack: Pack, officer: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            load_pack_page(reader, pack)
        return len(captured)

    create_ready_report(pack, 60, content_hash=1, requested_by=officer)
    create_ready_report(pack, content_hash=1, requested_by=officer)
    few = queries()
    for number in range(1, 50):
        create_ready_report(pack, number, content_hash=number % 3, requested_by=officer)
    assert queries() == few
    assert few <= 12


def test_what_a_pack_calls_itself_is_text(reader: Client, pack: Pack) -> None:
    Pack.objects.update(name="<script>alert(1)</script>", description="<b>bold</b>")
    text = load_pack_page(reader, pack) + reader.get("/").content.decode()
    assert "<script>alert" not in text
    assert "<b>bold" not in text


def as_of_section(reader: Client, pack: Pack, day: str) -> str:
    page = " ".join(reader.get(f"/packs/{pack.pk}/?as_of={day}").content.decode().split())
    return page[page.index('class="asof"') : page.index('id="reports"')]


def test_a_pack_answers_which_report_was_in_force_on_a_date(reader: Client, pack: Pack) -> None:
    days = [
        dt.datetime(2026, 3, day, 16, 30, tzinfo=dt.UTC) for day in (1, 8)
    ]  # 2nd and 9th in China
    first, second = [
        create_ready_report(pack, (timezone.now() - day) / dt.timedelta(days=1)) for day in days
    ]
    section = as_of_section(reader, pack, "2026-03-06")
    assert f'/reports/{first.pk}/">' in section
    assert "<dt>Seen from that date</dt><dd>4 days ago</dd>" in section.replace("\xa0", " ")
    assert f'<dt>Next report</dt> <dd> <a href="/reports/{second.pk}/">' in section
    assert f'/reports/{first.pk}/">' in as_of_section(reader, pack, "2026-03-02")
    assert "there was no report of this pack" in as_of_section(reader, pack, "2026-03-01")
    latest = as_of_section(reader, pack, "2026-03-09")
    assert f'/reports/{second.pk}/">' in latest
    assert "none has come in since" in latest
    for refused in ("yesterday", "9999-12-31"):
        assert "was in force." not in as_of_section(reader, pack, refused)
    assert "Choose today or an earlier day." in as_of_section(reader, pack, "9999-12-31")


def test_chosen_reports_survive_pages_and_filters(reader: Client, pack: Pack) -> None:
    reports = [create_ready_report(pack, days) for days in range(30)]
    older, newer = reports[28], reports[2]
    foreign = Pack.objects.create(account=pack.account, pack_id="cp-2", name="Other")
    other = create_ready_report(foreign)

    def find_chosen_reports(query: str) -> dict[str, str]:
        page = reader.get(f"/packs/{pack.pk}/?{query}").content.decode()
        fields = re.findall(r'name="([ab])" value="(\d+)"[^>]*?checked', page)
        assert len(fields) == len(dict(fields))
        return dict(fields)

    expected = {"a": str(older.pk), "b": str(newer.pk)}
    query = f"a={older.pk}&b={newer.pk}"
    assert find_chosen_reports(query) == expected
    assert find_chosen_reports(f"{query}&page=2") == expected
    assert find_chosen_reports(f"{query}&since=2001-01-01&until=2001-01-02") == expected
    assert find_chosen_reports(f"a={other.pk}&b=x") == {
        "a": str(reports[1].pk),
        "b": str(reports[0].pk),
    }
    page = reader.get(f"/packs/{pack.pk}/?{query}&page=2").content.decode()
    assert '<button name="page" value="1">' in page


def test_a_list_with_chosen_reports_takes_one_more_query(reader: Client, pack: Pack) -> None:
    reports = [create_ready_report(pack, days) for days in range(30)]
    with CaptureQueriesContext(connection) as plain:
        reader.get(f"/packs/{pack.pk}/")
    with CaptureQueriesContext(connection) as chosen:
        reader.get(f"/packs/{pack.pk}/?a={reports[28].pk}&b={reports[2].pk}")
    assert len(chosen) == len(plain) + 1


def test_every_page_of_a_pack_names_its_account_and_the_language_of_its_name(
    reader: Client, admin_client: Client, pack: Pack
) -> None:
    report = create_ready_report(pack)
    rule = Rule.objects.create(pack=pack, key="cr-1", name="规则")
    for path in (
        f"/packs/{pack.pk}/trend/",
        f"/packs/{pack.pk}/compare/{report.pk}/{report.pk}/",
        f"/rules/{rule.pk}/",
        f"/reports/{report.pk}/",
        f"/reports/{report.pk}/notes/",
    ):
        for client, link in (
            (admin_client, f'<a href="/accounts/{pack.account_id}/">'),
            (reader, "<a>"),
        ):
            page = get_page(client, path)
            crumbs = page.partition("<ol>")[2].partition("</ol>")[0]
            assert f"<li>{link}{pack.account.name}</a> </li>" in crumbs, path
            assert f'<a href="/packs/{pack.pk}/" lang="zh-hans">{pack.name}</a>' in crumbs, path
    assert '<h1 lang="zh-hans">规则</h1>' in get_page(reader, f"/rules/{rule.pk}/")
