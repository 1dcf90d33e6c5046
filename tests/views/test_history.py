"""History, trend, timelines, and what people write on a report."""

import datetime as dt
import html
import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.charts import trend_chart
from dashboard.comparison.change_reasons import (
    ChangeDirection,
    describe_reason_counts,
    parse_stored_counts,
)
from dashboard.models import AuditEntry, Evaluation, Pack, Report, Rule, RuleResult, Status
from dashboard.queries import trend
from dashboard.views import packs, rules
from tests.sample_history import import_history, make_sandbox_pack
from tests.views.rows import create_failed_report, create_ready_report, create_running_report

pytestmark = pytest.mark.django_db


def test_the_trend_has_a_link_for_each_report_and_the_same_in_a_table(reader: Client) -> None:
    pack = import_history(make_sandbox_pack())
    page = reader.get(f"/packs/{pack.pk}/").content.decode()
    drawing = page[
        page.index('<svg class="trend"') : page.index("</svg>", page.index('<svg class="trend"'))
    ]
    table = page[
        page.index('<details class="numbers"') : page.index(
            "</details>", page.index('class="numbers"')
        )
    ]
    for report in pack.reports.all():
        assert f'href="/reports/{report.pk}/"' in drawing
        assert f'href="/reports/{report.pk}/"' in table
    assert " style=" not in page


def test_a_long_trend_shows_its_newest_and_leads_to_all(
    reader: Client, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "CHART_REPORTS", 3)
    monkeypatch.setattr(trend, "TABLE_ROWS", 3)
    reports = [create_ready_report(pack, days, compliant=9, failing=1) for days in range(5, 0, -1)]
    page = reader.get(f"/packs/{pack.pk}/").content.decode()
    links = [f'<a href="/reports/{report.pk}/" tabindex="-1">' for report in reports]
    assert [link in page for link in links] == [False, False, True, True, True]
    assert f'href="/packs/{pack.pk}/trend/"' in page
    every = reader.get(f"/packs/{pack.pk}/trend/").content.decode()
    assert all(link in every for link in links)


def test_the_table_of_a_long_trend_comes_when_it_is_opened_and_has_pages(
    reader: Client, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trend, "TABLE_ROWS", 3)
    reports = [create_ready_report(pack, days, rules_hash=days // 3) for days in range(5, 0, -1)]
    page = reader.get(f"/packs/{pack.pk}/").content.decode()
    assert (
        f'<details class="numbers" data-hx-get="/packs/{pack.pk}/trend/"'
        ' data-hx-trigger="toggle once"' in page
    )
    assert page.count("<table") == 1
    table = reader.get(f"/packs/{pack.pk}/trend/", headers={"HX-Request": "true"}).content.decode()
    assert "<svg" not in table
    rest = reader.get(f"/packs/{pack.pk}/trend/?page=2").content.decode()
    rows = [
        re.findall(r'<th scope="row"><a href="/reports/(\d+)/">', text) for text in (table, rest)
    ]
    assert rows == [
        [str(report.pk) for report in reports[:1:-1]],
        [str(report.pk) for report in reports[1::-1]],
    ]
    assert [len(re.findall(r"<td>\s*changed\s*</td>", text)) for text in (table, rest)] == [1, 0]


def test_a_thinned_trend_says_how_many_reports_it_draws(
    reader: Client, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trend_chart, "TIME_SLICES", 2)
    monkeypatch.setattr(trend_chart, "MAX_RULE_CHANGES", 1)
    for days in range(8):
        create_ready_report(pack, days, compliant=9, failing=1)
    page = reader.get(f"/packs/{pack.pk}/trend/").content.decode()
    chart = page[page.index('<svg class="trend"') :]
    drawn = chart[: chart.index("</svg>")].count("<circle") // 2  # one on each of two panels
    assert 1 < drawn < 8
    assert f"{drawn} of 8 reports are drawn" in page


def test_failed_runs_do_not_bend_the_trend(reader: Client, pack: Pack) -> None:
    create_ready_report(pack, 2, compliant=9, failing=1)
    create_ready_report(pack, 1, compliant=9, failing=1)
    bad = create_failed_report(pack)
    page = reader.get(f"/packs/{pack.pk}/").content.decode()
    assert f'href="/reports/{bad.pk}/" tabindex' not in page
    assert f'<a id="{bad.pk}"' in page


def test_the_two_latest_reports_are_picked_for_the_comparison(reader: Client, pack: Pack) -> None:
    reports = [create_ready_report(pack, days) for days in (3, 2, 1)]
    page = reader.get(f"/packs/{pack.pk}/").content.decode()
    picked = re.findall(r'name="([ab])" value="(\d+)"[^>]* checked', page)
    assert sorted(picked) == [("a", str(reports[1].pk)), ("b", str(reports[2].pk))]


def test_the_history_lists_every_pack_s_reports_newest_first(reader: Client, pack: Pack) -> None:
    other = Pack.objects.create(account=pack.account, pack_id="cp-0002", name="Other")
    older, newer, bad = (
        create_ready_report(pack, 5),
        create_ready_report(other, 2),
        create_failed_report(pack),
    )
    page = reader.get("/reports/").content.decode()
    assert re.findall(r'<th scope="row"><a id="\d+" href="/reports/(\d+)/">', page) == [
        str(one.pk) for one in (bad, newer, older)
    ]
    assert "Rate limit reached" in page


def test_the_history_narrows_by_account_pack_dates_result_and_starter(
    reader: Client, pack: Pack, auditor: User
) -> None:
    other = Pack.objects.create(account=pack.account, pack_id="cp-0002", name="Other")
    mine, old, bad = (
        create_ready_report(other, 1, requested_by=auditor),
        create_ready_report(pack, 40),
        create_failed_report(pack),
    )
    day = f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=20):%Y-%m-%d}"
    for query, left in (
        (f"?pack={other.pk}", {mine}),
        (f"?account={pack.account_id}", {mine, old, bad}),
        (f"?until={day}", {old}),
        (f"?since={day}&result=ready", {mine}),
        ("?result=failed", {bad}),
        ("?by=audit", {mine}),
        ("?q=other", {mine}),
        ("?q=cp-0001", {old, bad}),
        (f"?q={pack.account.name}+cp-0002", {mine}),
        ("?q=nowhere", set()),
    ):
        page = reader.get(f"/reports/{query}").content.decode()
        assert set(re.findall(r'<th scope="row"><a id="\d+" href="/reports/(\d+)/">', page)) == {
            str(one.pk) for one in left
        }


def test_a_number_leads_to_exactly_its_rows(reader: Client, pack: Pack) -> None:
    report = create_ready_report(pack, failing=3, failing_high=2)
    page = reader.get("/reports/").content.decode()
    resources = f"/reports/{report.pk}/resources/?status=failing"
    assert f'<a href="{resources}">3</a>' in page
    assert f'<a href="{resources}&amp;risk=high">2</a>' in page


def test_the_filter_shows_what_is_chosen_and_leads_to_the_list_without_it(
    reader: Client, pack: Pack
) -> None:
    page = reader.get(f"/reports/?pack={pack.pk}&result=failed").content.decode()
    assert re.search(rf'href="\?result=failed">\s*Pack: {pack.name}, {pack.account.name} ', page)
    assert f'<input type="hidden" name="pack" value="{pack.pk}" id="id_pack">' in page
    assert '<option value="failed" selected>' in page
    page = reader.get(f"/reports/?account={pack.account_id}").content.decode()
    assert f"Account: {pack.account.name} " in page


def test_an_unknown_pack_in_the_address_is_said(reader: Client, pack: Pack) -> None:
    assert "Select a valid choice." in reader.get("/reports/?pack=999").content.decode()


def test_the_history_does_not_list_all_packs_to_choose_from(reader: Client, pack: Pack) -> None:
    Pack.objects.create(account=pack.account, pack_id="cp-0002", name="Other")
    assert "Other" not in reader.get("/reports/").content.decode()


def test_what_is_typed_suggests_accounts_and_packs_as_links(reader: Client, pack: Pack) -> None:
    def suggest(query: str) -> list[str]:
        answer = reader.get(f"/reports/suggestions/?{query}").content.decode()
        return [html.unescape(link) for link in re.findall(r'href="([^"]+)"', answer)]

    Pack.objects.create(account=pack.account, pack_id="cp-0002", name="Other")
    assert suggest("q=oss&result=ready&page=3") == [f"/reports/?result=ready&pack={pack.pk}"]
    assert suggest("q=production")[0] == f"/reports/?account={pack.account_id}"
    assert len(suggest("q=production")) == 3
    assert suggest("q=production+oss") == [f"/reports/?pack={pack.pk}"]
    assert suggest("q=") == suggest("q=nowhere") == []


def test_few_of_many_matches_are_suggested(reader: Client, pack: Pack) -> None:
    for number in range(20):
        Pack.objects.create(account=pack.account, pack_id=f"cp-1{number}", name=f"Other {number}")
    answer = reader.get("/reports/suggestions/?q=other").content.decode()
    assert answer.count("<a ") == 10
    assert "More match: type more letters, or press Filter." in answer


def test_equal_content_is_said_with_the_time_of_the_earlier_one(reader: Client, pack: Pack) -> None:
    create_ready_report(pack, 3, content_hash=7)
    create_ready_report(pack, 2, content_hash=8)
    create_ready_report(pack, 1, content_hash=7)
    other = Pack.objects.create(account=pack.account, pack_id="cp-0002", name="Other")
    create_ready_report(other, 1, content_hash=7)
    assert reader.get("/reports/").content.decode().count("same content as") == 1


def test_the_history_takes_as_many_queries_for_many_reports_as_for_few(
    reader: Client, pack: Pack
) -> None:
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert "content" in reader.get("/reports/").content.decode()
        return len(captured)

    create_ready_report(pack, 1, content_hash=1)
    few = count_queries()
    for number in range(60):
        other = Pack.objects.create(account=pack.account, pack_id=f"cp-{number}", name="Other")
        create_ready_report(other, number + 2, content_hash=number % 5)
    assert count_queries() == few <= 10


def test_a_resource_shows_every_rule_over_all_packs(reader: Client) -> None:
    one, other = import_history(make_sandbox_pack(1)), import_history(make_sandbox_pack(2))
    shared = set(Evaluation.objects.filter(pack=one).values_list("resource", flat=True)) & set(
        Evaluation.objects.filter(pack=other).values_list("resource", flat=True)
    )
    number = min(shared)
    page = reader.get(f"/resources/{number}/").content.decode()
    assert one.name in page
    assert other.name in page
    lines = (
        Evaluation.objects.filter(resource=number).values("pack", "rule", "key").distinct().count()
    )
    assert page.count('<svg class="timeline"') == lines


def test_a_resource_s_timeline_leads_to_the_report_in_which_it_began(reader: Client) -> None:
    pack = import_history(make_sandbox_pack())
    began = pack.reports.order_by("position")[1]
    span = Evaluation.objects.filter(
        pack=pack, first=began.position or 0, status=Status.NON_COMPLIANT
    )[0]
    page = reader.get(f"/resources/{span.resource}/").content.decode()
    assert f'href="/reports/{began.pk}/resources/{span.key}/"' in page


def test_an_unknown_resource_is_not_found(reader: Client) -> None:
    assert reader.get("/resources/12345/").status_code == 404


def test_a_rule_shows_its_failing_resources_in_each_report(reader: Client) -> None:
    pack = import_history(make_sandbox_pack())
    result = pack.reports.order_by("position")[2].rule_results.order_by("-failing")[0]
    page = reader.get(f"/rules/{result.rule_id}/").content.decode()
    assert f'/resources/?status=failing&amp;rule={result.rule_id}">{result.failing}</a>' in page
    assert '<svg class="trend"' in page


def test_a_rule_shows_what_is_new_and_no_longer_failing_with_links_to_these_rows(
    reader: Client,
) -> None:
    pack = import_history(make_sandbox_pack(rows=300), 4)
    for direction in ("came", "left"):
        changed = RuleResult.objects.filter(**{f"{direction}__gt": 0})[0]
        page = reader.get(f"/rules/{changed.rule_id}/").content.decode()
        count = getattr(changed, direction)
        parts = describe_reason_counts(
            parse_stored_counts(changed.changes_by_reason), ChangeDirection(direction)
        )
        url = f"/reports/{changed.report_id}/changes/?direction={direction}&rule={changed.rule_id}"
        link = f'href="{html.escape(url)}" title="{parts}"'
        assert f"{link}>{'▲' if direction == 'came' else '▼'} {count}<" in page
        assert f'<span class="unseen parts">: {parts}</span>' in page.partition(link)[2]
        rows = reader.get(url, follow=True).content.decode()
        assert rows.count('<th scope="row">') == count
    first = pack.reports.earliest("position")
    assert "nothing to compare with" in page.partition(f"/reports/{first.pk}/rules/")[2]


def test_the_reports_of_a_rule_are_paged(
    reader: Client, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "REPORTS_PER_PAGE", 2)
    rule = Rule.objects.create(pack=pack, key="cr-1", name="Rule")
    for number in range(3):
        report = create_ready_report(pack, number)
        RuleResult.objects.create(report=report, rule=rule, name="Rule")
    assert "1 to 2 of 3" in reader.get(f"/rules/{rule.pk}/").content.decode()
    page = reader.get(f"/rules/{rule.pk}/?page=2").content.decode()
    assert f'href="/reports/{report.pk}/rules/{rule.pk}/"' in page


def test_the_page_of_a_rule_needs_the_same_queries_for_more_reports(
    reader: Client, pack: Pack
) -> None:
    rule = Rule.objects.create(pack=pack, key="cr-1", name="Rule")
    query_counts = []
    for number in range(4):
        report = create_ready_report(pack, number)
        RuleResult.objects.create(report=report, rule=rule, name="Rule", came=1, left=2)
        with CaptureQueriesContext(connection) as queries:
            page = reader.get(f"/rules/{rule.pk}/").content.decode()
        assert page.count('▲ 1<span class="words"> new failing<') == number + 1
        query_counts.append(len(queries))
    assert len(set(query_counts[1:])) == 1


def test_label_note_and_hold_are_kept_with_before_and_after(
    officer: User, client: Client, pack: Pack
) -> None:
    client.force_login(officer)
    report = create_ready_report(pack)
    client.post(f"/reports/{report.pk}/notes/", {"label": "Audit 2026", "note": "", "held": "on"})
    client.post(f"/reports/{report.pk}/notes/", {"label": "Audit 2027", "note": "", "held": "on"})
    report.refresh_from_db()
    assert (report.label, report.held) == ("Audit 2027", True)
    latest, first = AuditEntry.objects.filter(report=report)
    assert (latest.by, latest.before, latest.after) == (
        officer,
        {"label": "Audit 2026"},
        {"label": "Audit 2027"},
    )
    assert (first.before, first.after) == (
        {"label": "", "held": False},
        {"label": "Audit 2026", "held": True},
    )
    assert "Audit 2026 → Audit 2027" in client.get(f"/reports/{report.pk}/notes/").content.decode()


def test_saving_without_a_change_leaves_no_trace(officer: User, client: Client, pack: Pack) -> None:
    client.force_login(officer)
    report = create_ready_report(pack, label="Audit")
    client.post(f"/reports/{report.pk}/notes/", {"label": "Audit", "note": ""})
    assert not AuditEntry.objects.exists()


def test_the_log_says_who_exported_downloaded_and_cancelled(officer: User, client: Client) -> None:
    client.force_login(officer)
    pack = import_history(make_sandbox_pack(), weeks=2)
    older, report = pack.reports.order_by("position")
    run = create_running_report(pack, 60, requested_by=officer)
    for path in ("export.csv", "original/"):
        client.get(f"/reports/{report.pk}/{path}").getvalue()
    client.get(f"/packs/{pack.pk}/compare/{older.pk}/{report.pk}/changes.csv").getvalue()
    for _ in range(2):  # the second time there is nothing left to cancel
        client.post(f"/reports/{run.pk}/cancel/")
    logged = AuditEntry.objects.order_by("pk").values_list("action", "by", "report")
    did = [
        ("export", report.pk),
        ("download", report.pk),
        ("export", report.pk),
        ("cancel", run.pk),
    ]
    assert list(logged) == [(action, officer.pk, about) for action, about in did]
    page = client.get(f"/reports/{report.pk}/notes/").content.decode()
    assert f"original downloaded: {report.file_name}" in page
    assert page.count("exported: ") == 2
    assert "run cancelled" in client.get(f"/reports/{run.pk}/notes/").content.decode()


def test_who_asks_for_the_head_of_a_file_has_not_taken_it(reader: Client) -> None:
    pack = import_history(make_sandbox_pack(), weeks=2)
    older, report = pack.reports.order_by("position")
    compared = f"/packs/{pack.pk}/compare/{older.pk}/{report.pk}/changes."
    for path in (
        f"/reports/{report.pk}/original/",
        f"/reports/{report.pk}/export.csv",
        f"{compared}csv",
    ):
        answer = reader.head(path)
        assert "attachment" in answer["Content-Disposition"]
        assert answer.getvalue() == b""
    assert not AuditEntry.objects.exists()


def test_a_reader_sees_the_note_and_changes_nothing(reader: Client, pack: Pack) -> None:
    report = create_ready_report(pack, note="Seen by the auditors")
    page = reader.get(f"/reports/{report.pk}/notes/").content.decode()
    assert "Seen by the auditors" in page
    assert "<textarea" not in page
    assert reader.post(f"/reports/{report.pk}/notes/", {"label": "x"}).status_code == 403
    assert Report.objects.get(pk=report.pk).label == ""
