"""The comparison's page: from the older to the newer, each card's number its rows, the same in every file."""

import csv
import io
import json
import re

import openpyxl
import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.comparison import differences
from dashboard.comparison.differences import Bucket
from dashboard.exports import comparison_export
from dashboard.models import Pack, Report, RuleResult
from tests.past import bring_in, english_of, plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack(db: None) -> Pack:
    return bring_in(plan())


@pytest.fixture
def ends(pack: Pack) -> tuple[Report, Report]:
    first, _, last = pack.reports.order_by("position")
    return first, last


def address(pack: Pack, older: Report, newer: Report) -> str:
    return f"/packs/{pack.pk}/compare/{older.pk}/{newer.pk}/"


def rows_of(page: str) -> int:
    return page.count("<tr><th")


def test_the_latest_is_compared_with_the_one_before_unless_others_are_chosen(
    reader: Client, pack: Pack
) -> None:
    first, second, third = pack.reports.order_by("position")
    assert reader.get(f"/packs/{pack.pk}/compare/")["Location"] == address(pack, second, third)
    chosen = reader.get(f"/packs/{pack.pk}/compare/?a={third.pk}&b={first.pk}")
    assert chosen["Location"] == address(pack, first, third)


def test_the_changes_of_a_report_are_those_against_the_one_before(
    reader: Client, pack: Pack
) -> None:
    _, second, third = pack.reports.order_by("position")
    assert reader.get(f"/reports/{third.pk}/changes/")["Location"] == address(pack, second, third)


def test_the_wrong_order_leads_to_the_right_one_and_keeps_the_filter(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    answer = reader.get(address(pack, ends[1], ends[0]) + "?bucket=fixed")
    assert answer["Location"] == address(pack, *ends) + "?bucket=fixed"


def test_each_card_s_number_is_the_number_of_rows_behind_it(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    base, compared = address(pack, *ends), differences.compare_reports(*ends)
    for bucket in Bucket:
        page = reader.get(f"{base}?bucket={bucket}").content.decode()
        assert rows_of(page) == compared.counts[bucket], bucket
    changes = sum(compared.counts[bucket] for bucket in differences.CHANGED)
    assert rows_of(reader.get(base).content.decode()) == changes
    assert sum(compared.counts.values()) == ends[1].rows + sum(
        1 for one in compared.changes if one.now is None
    )


def test_a_change_is_said_in_words(reader: Client, pack: Pack, ends: tuple[Report, Report]) -> None:
    page = reader.get(address(pack, *ends) + "?bucket=new-failure").content.decode()
    assert "was compliant, now non-compliant" in page


def test_a_report_against_itself_has_changed_in_nothing(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    page = reader.get(address(pack, ends[0], ends[0])).content.decode()
    assert "Nothing has changed between these two reports." in page


def test_a_search_finds_a_change_by_its_resource(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    change = differences.compare_reports(*ends).changes[0]
    page = reader.get(
        address(pack, *ends), {"q": change.resource_id.upper(), "bucket": change.bucket}
    ).content.decode()
    assert rows_of(page) >= 1
    assert change.resource_id in page


def test_an_empty_result_offers_all_changes(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    page = reader.get(address(pack, *ends) + "?q=nowhere&risk=low").content.decode()
    assert "No row matches this filter." in page
    assert f'href="{address(pack, *ends)}">Show all changes' in page


@pytest.mark.parametrize("query", ["?bucket=x&risk=9&rule=a&page=-1", "?page=99999", "?q=%00"])
def test_nonsense_in_the_address_narrows_nothing_and_breaks_nothing(
    reader: Client, pack: Pack, ends: tuple[Report, Report], query: str
) -> None:
    assert reader.get(address(pack, *ends) + query).status_code == 200


def test_reports_of_another_pack_or_unready_ones_are_not_compared(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    other = bring_in(plan(2), 1).reports.get()
    assert reader.get(address(pack, ends[0], other)).status_code == 404
    Report.objects.filter(pk=ends[1].pk).update(state=Report.State.FAILED)
    assert reader.get(address(pack, *ends)).status_code == 404


def test_a_file_of_failing_resources_only_is_said_to_be_one(reader: Client) -> None:
    pack = bring_in(plan(3, layout="older"))
    first, _, last = pack.reports.order_by("position")
    page = reader.get(address(pack, first, last)).content.decode()
    assert "The newer file lists only failing resources" in page
    assert "Basis: its overview counts" in page
    assert "No longer reported" in page
    assert "No longer there (was failing)" not in page
    assert differences.compare_reports(first, last).counts[Bucket.FIXED] == 0


def test_rules_told_apart_by_name_are_said_to_be(reader: Client) -> None:
    pack = bring_in(plan(3, layout="older"), 2)
    page = reader.get(f"/packs/{pack.pk}/compare/", follow=True).content.decode()
    assert "rules are matched by name" in page


def test_a_removed_and_an_added_rule_are_listed_apart(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    removed = ends[1].rule_results.order_by("pk")[0]
    added = ends[0].rule_results.order_by("pk")[1]
    removed.delete()
    added.delete()
    page = reader.get(address(pack, *ends)).content.decode()
    assert re.search(rf"Rule removed:</b> {removed.name}", page)
    assert re.search(rf"Rule added:</b> {added.name}", page)


def test_a_change_of_a_rule_that_neither_report_knows_any_more_is_still_shown(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    change = differences.compare_reports(*ends).changes[0]
    RuleResult.objects.filter(rule=change.rule).delete()
    answer = reader.get(f"{address(pack, *ends)}?bucket={change.bucket}&rule={change.rule}")
    assert change.resource_id in answer.content.decode()


def test_changed_risk_name_and_parameters_are_listed_but_no_name_of_another_language(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    rule = ends[0].rule_results.order_by("pk")[0]
    ends[0].rule_results.filter(pk=rule.pk).update(
        name="Former name", risk=3, parameters={"days": "30"}
    )
    ends[1].rule_results.filter(rule=rule.rule_id).update(risk=1, parameters={"days": "90"})
    page = reader.get(address(pack, *ends)).content.decode()
    assert "Rule renamed:</b> Former name →" in page
    assert "Low → High" in page
    assert "days = 30 → days = 90" in page
    Report.objects.filter(pk=ends[0].pk).update(language="en")
    assert "Former name →" not in reader.get(address(pack, *ends)).content.decode()


def test_two_files_of_one_state_in_two_languages_differ_in_nothing(reader: Client) -> None:
    pack = bring_in(plan(4), 1)
    zh, en = pack.reports.get(), english_of(plan(4))
    assert (zh.language[:2], en.language[:2]) == ("zh", "en")
    assert differences.compare_reports(zh, en).changes == []
    page = reader.get(address(pack, zh, en)).content.decode()
    assert "Nothing has changed between these two reports." in page
    assert "The scope has changed" not in page


def test_the_files_have_the_page_s_numbers(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    base, compared = address(pack, *ends), differences.compare_reports(*ends)
    told = json.loads(reader.get(base + "changes.json").content)
    assert told["counts"] == {str(bucket): compared.counts[bucket] for bucket in Bucket}
    lines = list(
        csv.DictReader(io.StringIO(reader.get(base + "changes.csv").content.decode("utf-8-sig")))
    )
    book = openpyxl.load_workbook(io.BytesIO(reader.get(base + "changes.xlsx").content))
    for bucket in Bucket:
        if bucket in (Bucket.STILL_COMPLIANT, Bucket.STILL_OTHER):
            continue
        count = compared.counts[bucket]
        assert sum(1 for line in lines if line["Group"] == bucket.label) == count
        assert sum(1 for row in told["rows"] if row["bucket"] == bucket) == count
        assert book[bucket.label].max_row - 1 == count


def test_a_file_holds_what_the_filter_leaves(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    told = json.loads(
        reader.get(address(pack, *ends) + "changes.json?bucket=still-compliant").content
    )
    assert len(told["rows"]) == differences.compare_reports(*ends).counts[Bucket.STILL_COMPLIANT]
    assert {row["now"] for row in told["rows"]} == {"COMPLIANT"}


@pytest.mark.parametrize("kind", list(comparison_export.FORMATS))
def test_a_large_file_is_announced_with_its_rows_and_comes_by_itself(
    reader: Client,
    pack: Pack,
    ends: tuple[Report, Report],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(
        comparison_export.FORMATS, kind, comparison_export.FORMATS[kind]._replace(pace=1)
    )
    base = address(pack, *ends)
    for query in (
        "",
        "bucket=still-compliant",
        "risk=high",
        "bucket=still-failing&risk=high",
        "q=oss",
    ):
        rows = len(json.loads(reader.get(f"{base}changes.json?{query}").content)["rows"])
        page = reader.get(f"{base}changes/{kind}/?{query}").content.decode()
        assert f'content="0; url={base}changes.{kind}?{query.replace("&", "&amp;")}"' in page
        assert f"{rows} rows take about {rows} seconds" in page


def test_what_takes_long_is_announced_and_what_does_not_comes_at_once(
    reader: Client, pack: Pack, ends: tuple[Report, Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, still = (
        address(pack, *ends),
        differences.compare_reports(*ends).counts[Bucket.STILL_COMPLIANT],
    )
    monkeypatch.setitem(
        comparison_export.FORMATS,
        "json",
        comparison_export.FORMATS["json"]._replace(pace=still - 1),
    )
    menu = reader.get(f"{base}?bucket=still-compliant&q=nothing-bears-this-name").content.decode()
    query = "?bucket=still-compliant&amp;q=nothing-bears-this-name"
    assert f'href="{base}changes/json/{query}"' in menu
    assert f'href="{base}changes.csv{query}" download' in menu
    answer = reader.get(f"{base}changes/json/?bucket=still-compliant&q=nothing-bears-this-name")
    assert (
        answer["Location"] == f"{base}changes.json?bucket=still-compliant&q=nothing-bears-this-name"
    )


def test_what_is_no_format_is_not_found(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    for path in ("changes.exe", "changes/exe/"):
        assert reader.get(address(pack, *ends) + path).status_code == 404


def test_the_print_has_all_rows_on_one_page(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    page = reader.get(address(pack, *ends) + "print/?bucket=still-compliant").content.decode()
    assert rows_of(page) == differences.compare_reports(*ends).counts[Bucket.STILL_COMPLIANT]


def test_the_print_says_on_its_cover_and_on_every_page_what_it_compares(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    page = reader.get(address(pack, *ends) + "print/").content.decode()
    cover, foot = page[: page.index("<table")], page[page.index("<tfoot") : page.index("</tfoot>")]
    for part in (cover, foot):
        for fact in (pack.name, pack.account.uid, *(str(report.original_id) for report in ends)):
            assert fact in part
        assert part.count("CST (UTC+8)") >= 2
    assert "Printed by auditor on" in cover


def test_the_sentence_counts_what_a_mail_needs(
    reader: Client, pack: Pack, ends: tuple[Report, Report]
) -> None:
    counts = differences.compare_reports(*ends).counts
    gone = counts[Bucket.GONE_FAILING] + counts[Bucket.GONE_COMPLIANT]
    words = (
        f"{counts[Bucket.NEW_FAILURE]} newly failing, {counts[Bucket.FIXED]} fixed, "
        f"{counts[Bucket.STILL_FAILING]} still failing, "
        f"{counts[Bucket.NEWLY_IGNORED]} newly ignored, {gone} no longer there."
    )
    assert (
        f'data-copy="Since the report of 2026-10-30: {words}"'
        in reader.get(address(pack, *ends)).content.decode()
    )


def test_the_number_of_queries_does_not_grow_with_the_changes(
    reader: Client,
    pack: Pack,
    ends: tuple[Report, Report],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    large = bring_in(plan(5, rows=300, failing_share=0.4), 2)
    older, newer = large.reports.order_by("position")
    for of, reports in ((pack, ends), (large, (older, newer))):
        with django_assert_max_num_queries(14):
            reader.get(address(of, *reports))
