"""The page of a comparison: each card counts the rows behind it."""

import datetime as dt
import gzip
import html
import re

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard.comparison.buckets import CHANGED_BUCKETS, Bucket
from dashboard.comparison.differences import Comparison, compare_reports
from dashboard.models import Pack, Report, RuleResult
from dashboard.text.rates import build_evaluation_rate, build_resource_rate
from dashboard.workbook import READER_VERSION
from tests import sample_files
from tests.sample_history import import_english_report, import_history, make_sandbox_pack
from tests.views.comparison_pages import comparison_path, count_rows, download_json, load_page
from tests.views.report_files import FRIDAY, import_report_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(comparison: Comparison) -> str:
    return comparison_path(comparison.older, comparison.newer)


def test_the_latest_is_compared_with_the_one_before_unless_others_are_chosen(
    reader: Client, compared_pack: Pack
) -> None:
    first, second, third = compared_pack.reports.order_by("position")
    latest = reader.get(f"/packs/{compared_pack.pk}/compare/")
    assert latest["Location"] == comparison_path(second, third)
    chosen = reader.get(f"/packs/{compared_pack.pk}/compare/?a={third.pk}&b={first.pk}")
    assert chosen["Location"] == comparison_path(first, third)


def test_a_pack_without_a_ready_report_has_nothing_to_compare(reader: Client, pack: Pack) -> None:
    assert reader.get(f"/packs/{pack.pk}/compare/").status_code == 404


def test_the_changes_of_a_report_are_those_against_the_one_before(
    reader: Client, compared_pack: Pack
) -> None:
    _first, second, third = compared_pack.reports.order_by("position")
    response = reader.get(f"/reports/{third.pk}/changes/")
    assert response["Location"] == comparison_path(second, third)


SWAPPED_BUCKETS = {
    "new-failure": "fixed",
    "fixed": "new-failure",
    "ignore-ended-failing": "newly-ignored",
    "ignore-ended-compliant": "newly-ignored",
    "gone-compliant": "appeared-compliant",
    "appeared-compliant": "gone-compliant",
    "still-failing": "still-failing",
    "still-ignored": "still-ignored",
}


def test_swapping_turns_each_new_failure_of_a_compliant_row_into_a_fixed_one(
    reader: Client, path_with_fixed: str
) -> None:
    _empty, _packs, pack_id, _compare, older, newer, _end = path_with_fixed.split("/")
    swapped_path = f"/packs/{pack_id}/compare/{newer}/{older}/"
    page = load_page(reader, path_with_fixed)
    assert f'href="{swapped_path}">Swap</a>' in page
    swapped_page = load_page(reader, swapped_path)
    assert f'href="{path_with_fixed}">Swap</a>' in swapped_page
    assert "Read backwards, from the later report to the earlier one" in swapped_page
    assert "Read backwards" not in page
    rows, swapped_rows = (
        {
            (row["rule_id"], row["resource_id"]): row
            for row in download_json(reader, f"{address}changes.json")["rows"]
        }
        for address in (path_with_fixed, swapped_path)
    )
    assert rows.keys() == swapped_rows.keys()
    assert {row["bucket"] for row in rows.values()} >= {"new-failure", "fixed"}
    for key, row in rows.items():
        swapped = swapped_rows[key]
        assert (swapped["was"], swapped["now"]) == (row["now"], row["was"])
        if row["bucket"] == "newly-ignored":
            assert SWAPPED_BUCKETS[swapped["bucket"]] == "newly-ignored"
        else:
            assert swapped["bucket"] == SWAPPED_BUCKETS[row["bucket"]]
        assert (swapped["actual"], swapped["reason"]) == (
            row["actual_before"],
            row["reason_before"],
        )
        assert swapped["actual_before"] == row["actual"]


@pytest.mark.parametrize("bucket", ["still-failing", "still-compliant", "still-ignored"])
def test_swapping_leaves_what_is_unchanged(
    reader: Client, comparison: Comparison, bucket: str
) -> None:
    def list_resources(path: str) -> list[tuple[str, str]]:
        rows = download_json(reader, f"{path}changes.json?bucket={bucket}&q=a")["rows"]
        return sorted((row["rule_id"], row["resource_id"]) for row in rows)

    swapped_path = comparison_path(comparison.newer, comparison.older)
    assert list_resources(comparison_path(comparison.older, comparison.newer)) == (
        list_resources(swapped_path)
    )
    card = f"{swapped_path}?bucket={bucket}"
    assert count_rows(load_page(reader, card)) == min(comparison.counts[Bucket(bucket)], 50)


def test_each_card_s_number_is_the_number_of_rows_behind_it(
    reader: Client, comparison: Comparison, path: str
) -> None:
    counts = comparison.counts
    for bucket in Bucket:
        assert count_rows(load_page(reader, f"{path}?bucket={bucket}")) == counts[bucket], bucket
    changed = sum(counts[bucket] for bucket in CHANGED_BUCKETS)
    assert count_rows(load_page(reader, path)) == changed
    only_in_older = sum(change.new_status is None for change in comparison.changes)
    assert sum(counts.values()) == comparison.newer.rows + only_in_older


def test_each_part_of_the_sum_leads_to_exactly_its_rows(
    reader: Client, comparison: Comparison, path: str
) -> None:
    reasons = comparison.reasons
    page = load_page(reader, path)
    assert count_rows(load_page(reader, f"{path}?direction=came")) == reasons.came
    assert count_rows(load_page(reader, f"{path}?direction=left")) == reasons.left
    for reason, count in reasons.all_risks.items():
        assert f'href="{path}?reason={reason}"' in page
        assert count_rows(load_page(reader, f"{path}?reason={reason}")) == count
    failing, failing_now = comparison.older.failing, comparison.newer.failing
    assert failing + reasons.came - reasons.left == failing_now
    document = download_json(reader, f"{path}changes.json?direction=came")
    assert len(document["rows"]) == reasons.came
    assert document["failing"] == f"{failing} + {reasons.came} − {reasons.left} = {failing_now}"


def test_what_came_and_left_cannot_be_told_where_a_file_lists_no_failing_rows(
    reader: Client, comparison: Comparison, path: str
) -> None:
    Report.objects.filter(pk=comparison.older.pk).update(listed_statuses=[5])
    assert "new failing or no longer failing cannot be told" in load_page(reader, path)


def test_what_is_gone_was_last_seen_in_the_last_report_that_had_it(
    reader: Client, pack: Pack
) -> None:
    all_rows, fewer_rows = (
        sample_files.build_xls(sample_files.build_status_sheet(rows)) for rows in (240, 0)
    )
    contents = (all_rows, all_rows, fewer_rows)
    reports = [
        import_report_bytes(pack, content, at=FRIDAY + dt.timedelta(days=day))
        for day, content in enumerate(contents)
    ]
    page = load_page(reader, comparison_path(reports[0], reports[2]))
    assert "last seen <time" in page
    assert "2026-11-21 09:14</time>" in page.partition("<tbody>")[2]
    assert "2026-11-20 09:14</time>" not in page.partition("<tbody>")[2]


def test_a_change_is_said_in_words(reader: Client, path: str) -> None:
    assert "was compliant, now non-compliant" in load_page(reader, f"{path}?bucket=new-failure")


def test_a_report_against_itself_has_changed_in_nothing(
    reader: Client, comparison: Comparison
) -> None:
    page = load_page(reader, comparison_path(comparison.older, comparison.older))
    assert "Nothing has changed between these two reports." in page


def test_a_search_finds_a_change_by_its_resource(
    reader: Client, comparison: Comparison, path: str
) -> None:
    change = comparison.changes[0]
    query = f"?q={change.resource_id.upper()}&bucket={change.bucket}"
    page = load_page(reader, path + query)
    assert count_rows(page) >= 1
    assert change.resource_id in page


def test_each_condition_of_the_filter_is_shown_with_a_link_that_removes_it(
    reader: Client, comparison: Comparison, path: str
) -> None:
    change = comparison.changes[0]
    rule_name = comparison.newer.rule_results.get(rule=change.rule).name
    page = load_page(reader, f"{path}?bucket=fixed&risk=high&rule={change.rule}&q=a+b")
    for text in ("change: Fixed", "risk: High", f"rule: {rule_name}", "search: a b"):
        assert re.search(rf"{re.escape(text)}\s+<span", page)
    assert f'href="{path}?bucket=fixed&amp;risk=high&amp;rule={change.rule}"' in page


def test_a_condition_that_does_not_exist_is_named(reader: Client, path: str) -> None:
    page = load_page(reader, f"{path}?bucket=nonsense&risk=huge")
    assert "Ignored unknown filters in the address: change, risk." in page
    assert "Ignored unknown filters" not in load_page(reader, f"{path}?risk=high")


def test_the_table_is_a_named_region_that_the_keyboard_reaches(reader: Client, path: str) -> None:
    region = '<div class="region" role="region" tabindex="0" aria-label="Changes by rule">'
    assert region in load_page(reader, path)


def test_an_empty_result_offers_all_changes(reader: Client, path: str) -> None:
    page = load_page(reader, f"{path}?q=nowhere&risk=low")
    assert "No row matches this filter." in page
    assert f'href="{path}">Show all changes' in page


@pytest.mark.parametrize("query", ["?bucket=x&risk=9&rule=a&page=-1", "?page=99999", "?q=%00"])
def test_nonsense_in_the_address_narrows_nothing_and_breaks_nothing(
    reader: Client, path: str, query: str
) -> None:
    assert reader.get(path + query).status_code == 200


def test_the_changes_of_a_report_keep_their_filter(reader: Client, compared_pack: Pack) -> None:
    _first, second, third = compared_pack.reports.order_by("position")
    response = reader.get(f"/reports/{third.pk}/changes/?direction=came&rule=1")
    assert response["Location"] == f"{comparison_path(second, third)}?direction=came&rule=1"


def test_reports_of_another_pack_or_unready_ones_are_not_compared(
    reader: Client, comparison: Comparison, path: str
) -> None:
    other = import_history(make_sandbox_pack(2), 1).reports.get()
    older_id = comparison.older.pk
    other_pack = f"/packs/{comparison.newer.pack_id}/compare/{older_id}/{other.pk}/"
    assert reader.get(other_pack).status_code == 404
    Report.objects.filter(pk=comparison.newer.pk).update(state=Report.State.FAILED)
    assert reader.get(path).status_code == 404


def test_a_file_of_failing_resources_only_is_said_to_be_one(reader: Client) -> None:
    pack = import_history(make_sandbox_pack(3, layout="older"))
    first, _second, last = pack.reports.order_by("position")
    page = load_page(reader, comparison_path(first, last))
    assert "The newer file lists only failing resources" in page
    assert "Basis: its overview counts" in page
    assert "No longer reported" in page
    assert "No longer there (was failing)" not in page
    assert compare_reports(first, last).counts[Bucket.FIXED] == 0
    filtered = load_page(reader, f"{comparison_path(first, last)}?bucket=gone-failing")
    assert re.search(r"change: No longer reported\s+<span", filtered)


def test_rules_matched_by_name_are_said_to_be(reader: Client) -> None:
    pack = import_history(make_sandbox_pack(3, layout="older"), 2)
    page = reader.get(f"/packs/{pack.pk}/compare/", follow=True).content.decode()
    assert "rules are matched by name" in page


def test_a_removed_and_an_added_rule_are_listed_apart(
    reader: Client, comparison: Comparison, path: str
) -> None:
    removed = comparison.newer.rule_results.order_by("pk")[0]
    added = comparison.older.rule_results.order_by("pk")[1]
    removed.delete()
    added.delete()
    page = load_page(reader, path)
    assert f"Rule removed:</b> {removed.name}" in page
    assert f"Rule added:</b> {added.name}" in page


def test_a_change_of_a_rule_that_neither_report_knows_any_more_is_still_shown(
    reader: Client, comparison: Comparison, path: str
) -> None:
    change = comparison.changes[0]
    RuleResult.objects.filter(rule=change.rule).delete()
    page = load_page(reader, f"{path}?bucket={change.bucket}&rule={change.rule}")
    assert change.resource_id in page


def test_changed_risk_name_and_parameters_are_listed_but_no_name_of_another_language(
    reader: Client, comparison: Comparison, path: str
) -> None:
    older, newer = comparison.older, comparison.newer
    result = older.rule_results.order_by("pk")[0]
    older.rule_results.filter(pk=result.pk).update(
        name="Former name", risk=3, parameters={"days": "30"}
    )
    newer.rule_results.filter(rule=result.rule_id).update(risk=1, parameters={"days": "90"})
    page = load_page(reader, path)
    assert "Rule renamed:</b> Former name →" in page
    assert "Low → High" in page
    assert "days = 30 → days = 90" in page
    Report.objects.filter(pk=older.pk).update(language="en")
    assert "Former name →" not in load_page(reader, path)


def test_two_files_of_one_state_in_two_languages_differ_in_nothing(reader: Client) -> None:
    pack = import_history(make_sandbox_pack(4), 1)
    chinese, english = pack.reports.get(), import_english_report(make_sandbox_pack(4))
    assert (chinese.language[:2], english.language[:2]) == ("zh", "en")
    assert compare_reports(chinese, english).changes == []
    page = load_page(reader, comparison_path(chinese, english))
    assert "Nothing has changed between these two reports." in page
    assert "The scope has changed" not in page


def test_the_sentence_counts_what_a_mail_needs(
    reader: Client, comparison: Comparison, path: str
) -> None:
    pack, reasons = comparison.newer.pack, comparison.reasons
    page = html.unescape(load_page(reader, path))
    sentence = page.partition('data-copy="')[2].partition('"')[0]
    for fact in (
        pack.name,
        pack.account.uid,
        "2026-10-30 08:31 UTC+8 to 2026-11-13 08:37 UTC+8",
        f"evaluation rate {build_evaluation_rate(comparison.older).text} → ",
        f"resource rate {build_resource_rate(comparison.older).text} → ",
        f"Non-compliant: {comparison.older.failing} before; {reasons.came} new failing (",
        f"{reasons.left} no longer failing",
        f"{reasons.high_risk_came} of them high risk)",
        f"{comparison.newer.failing} now ({comparison.counts[Bucket.STILL_FAILING]} still)",
        *(f"{reason.label} {count}" for reason, count in reasons.all_risks.items()),
    ):
        assert fact in sentence


def test_the_number_of_queries_does_not_grow_with_the_changes(
    reader: Client, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    large_pack = import_history(make_sandbox_pack(5, rows=300, failing_share=0.4), 2)
    large_path = comparison_path(*large_pack.reports.order_by("position"))
    for measured_path in (path, large_path):
        with django_assert_max_num_queries(14):
            reader.get(measured_path)


def test_a_page_of_fifty_changes_is_small_when_compressed(reader: Client, pack: Pack) -> None:
    older = import_report_bytes(pack, sample_files.build_xls(sample_files.build_status_sheet(240)))
    newer = import_report_bytes(
        pack,
        sample_files.build_xls(sample_files.build_status_sheet(0)),
        at=FRIDAY + dt.timedelta(days=1),
    )
    page = reader.get(comparison_path(older, newer)).content
    assert count_rows(page.decode()) == 50
    assert len(gzip.compress(page)) < 40 * 1024


def test_the_page_offers_every_report_of_the_pack_on_both_sides(
    reader: Client, comparison: Comparison, path: str
) -> None:
    page = load_page(reader, path)
    ready_count = Report.objects.ready().filter(pack=comparison.newer.pack).count()
    for side, report in (("a", comparison.older), ("b", comparison.newer)):
        start = page.index(f'<select id="choose-{side}"')
        options = page[start : page.index("</select>", start)]
        assert options.count("<option") == ready_count
        local_time = f"{timezone.localtime(report.created_at):%Y-%m-%d %H:%M}"
        assert f'<option value="{report.pk}" selected>{local_time}' in options
    assert "Times in Asia/Shanghai, UTC+8" in page
    pack = comparison.newer.pack
    query = f"a={comparison.newer.pk}&b={comparison.older.pk}"
    assert reader.get(f"/packs/{pack.pk}/compare/?{query}")["Location"] == path


def test_a_report_that_an_earlier_version_read_is_named_with_what_to_do(
    reader: Client, comparison: Comparison, path: str
) -> None:
    older, newer = comparison.older, comparison.newer
    sentence = "An earlier version of this product read the file of"
    assert sentence not in load_page(reader, path)
    Report.objects.filter(pk=older.pk).update(reader_version=READER_VERSION - 1)
    for page in (load_page(reader, path), load_page(reader, f"{path}print/")):
        assert page.count(sentence) == 1
        notice = page.partition(sentence)[2].partition("</p>")[0]
        assert f"{older.created_at:%Y-%m-%dT%H:%MZ}" in notice
        assert f"manage.py rebuild --pack {newer.pack_id}" in notice
    assert load_page(reader, comparison_path(older, older)).count(sentence) == 1
