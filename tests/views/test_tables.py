"""The tables of a report: one filter, the same number everywhere."""

import gzip
import html
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.models import Pack, Report, Status
from dashboard.queries import report_query, rule_summaries
from dashboard.queries.filters import EvaluationFilter
from tests import sample_files
from tests.queries.report_contents import CONTENTS
from tests.views.pages import get_page
from tests.views.report_files import import_report_bytes


@pytest.fixture
def f1(pack: Pack) -> Report:
    return import_report_bytes(pack, CONTENTS["F1"]())


def read_row_count(page: str) -> int:
    """Return how many matching rows the caption of a page states; 0 without a table."""
    match = re.search(r"<caption[^>]*>([\d,]+) of", page)
    return int(match[1].replace(",", "")) if match else 0


@pytest.mark.parametrize("content", CONTENTS)
def test_the_number_on_a_card_is_the_number_of_rows_after_the_click(
    pack: Pack, reader: Client, content: str
) -> None:
    report = import_report_bytes(pack, CONTENTS[content]())
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    cards = re.findall(r'<a href="([^"]+)"[^>]*>\s*<span class="huge">([\d,–]+)<', page)
    assert cards
    for link, number in cards:
        after = reader.get(html.unescape(link)).content.decode()
        assert read_row_count(after) == (0 if number == "–" else int(number.replace(",", "")))


def test_a_status_that_the_file_only_counts_is_a_number_and_no_link(
    pack: Pack, reader: Client
) -> None:
    report = import_report_bytes(pack, CONTENTS["failing only"]())
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert "overview counts; no rows" in page
    assert "resources/?status=compliant" not in page
    asked = reader.get(f"/reports/{report.pk}/resources/?status=compliant").content.decode()
    assert "does not list these resources one by one" in asked


def test_the_rate_stands_with_its_formula(f1: Report, reader: Client) -> None:
    page = get_page(reader, f"/reports/{f1.pk}/")
    assert "72.7 %" in page
    assert "8 / (8 + 3)" in page
    assert "compliant / (compliant + non-compliant)" in page


def test_what_is_no_filter_is_left_out_with_a_word(f1: Report, reader: Client) -> None:
    page = reader.get(
        f"/reports/{f1.pk}/resources/?status=broken&page=x&risk=high"
    ).content.decode()
    assert "Ignored unknown filters in the address: status, page." in page
    assert "risk: High" in page


def test_an_empty_result_names_the_filters_and_offers_to_clear_them(
    f1: Report, reader: Client
) -> None:
    page = reader.get(f"/reports/{f1.pk}/resources/?q=nowhere&status=failing").content.decode()
    assert "Nothing matches: status: Non-compliant · search: nowhere." in page
    assert f'<a class="button" href="/reports/{f1.pk}/resources/">Clear all filters</a>' in page


def test_failing_stands_first_then_risk_and_the_order_is_written_above(
    pack: Pack, reader: Client
) -> None:
    report = import_report_bytes(pack, CONTENTS["F3, smaller"]())
    rows = report_query.load_page(report, EvaluationFilter()).object_list
    assert [(row.status, row.risk) for row in rows] == sorted(
        (row.status, row.risk) for row in rows
    )
    assert rows[0].status == Status.NON_COMPLIANT
    page = reader.get(f"/reports/{report.pk}/resources/").content.decode()
    assert "failing first, then risk, then rule, then resource" in page


def test_a_head_sorts_and_one_column_says_so(f1: Report, reader: Client) -> None:
    page = reader.get(f"/reports/{f1.pk}/resources/?sort=-resource").content.decode()
    assert page.count("aria-sort") == 1
    assert 'aria-sort="descending"' in page
    assert "by resource, descending" in page
    ids = [
        row.resource_id
        for row in report_query.load_page(f1, EvaluationFilter(sort="-resource")).object_list
    ]
    assert ids == sorted(ids, reverse=True)


def test_a_page_costs_the_same_queries_for_few_rows_and_for_many(
    pack: Pack, reader: Client
) -> None:
    small = import_report_bytes(pack, sample_files.build_xls(sample_files.build_status_sheet(10)))
    other = Pack.objects.create(account=pack.account, pack_id="cp-0002", name="Large")
    large = import_report_bytes(other, sample_files.build_xls(sample_files.build_status_sheet(900)))
    for path in (
        "",
        "?status=failing",
        "?q=i-0000",
        "resources/",
        "resources/?status=failing",
        "resources/?q=主机",
    ):
        spent = []
        for report in (small, large):
            with CaptureQueriesContext(connection) as queries:
                assert reader.get(f"/reports/{report.pk}/{path}").status_code == 200
            spent.append(len(queries))
        assert spent[0] == spent[1] <= 15, path


def test_a_page_of_resources_compresses_to_less_than_forty_kibibytes(
    pack: Pack, reader: Client
) -> None:
    report = import_report_bytes(pack, sample_files.build_xls(sample_files.build_status_sheet(900)))
    page = reader.get(f"/reports/{report.pk}/resources/").content
    assert page.count(b"<tbody>") == report_query.ROWS_PER_PAGE
    assert len(gzip.compress(page)) < 40 * 1024


def test_a_rule_opens_in_place_as_its_fragment_alone_and_closes_again(
    f1: Report, reader: Client
) -> None:
    rule = rule_summaries.load_rule_summaries(f1)[0].rule
    opened = reader.get(f"/reports/{f1.pk}/rules/{rule}/?", headers={"hx-request": "true"})
    text = opened.content.decode()
    assert text.startswith("<tbody")
    assert 'aria-expanded="true"' in text
    assert "public-read" in text
    assert opened["HX-Replace-Url"] == f"/reports/{f1.pk}/?open={rule}"
    closed = reader.get(
        f"/reports/{f1.pk}/rules/{rule}/closed/", headers={"hx-request": "true"}
    ).content.decode()
    assert 'aria-expanded="false"' in closed
    assert "inset" not in closed


def test_a_rule_opens_without_javascript_and_has_an_address(f1: Report, reader: Client) -> None:
    rule = rule_summaries.load_rule_summaries(f1)[0].rule
    page = reader.get(f"/reports/{f1.pk}/?open={rule}").content.decode()
    assert re.search(rf'<tbody id="rule-{rule}">\s*<tr class="opened">', page)
    assert page.count('class="inset"') == 1
    assert "<html" in reader.get(f"/reports/{f1.pk}/rules/{rule}/").content.decode()
