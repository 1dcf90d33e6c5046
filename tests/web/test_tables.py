"""The tables of a report: one filter, the same number everywhere."""

import html
import itertools
import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.models import Pack, Report, Risk, Status
from dashboard.queries import report_query, rule_summaries
from dashboard.queries.filters import EvaluationFilter
from tests import files
from tests.web.report_files import entered

FIXTURES = {
    "F0": lambda: files.xls(files.report(files.F0)),
    "F1": lambda: files.xls(files.report(files.F1)),
    "F2 in English": lambda: files.xls(files.report(files.F2, "en")),
    "F3, smaller": lambda: files.xls(files.rows(300)),
    "F6": lambda: files.xlsx(files.strange()),
    "F7": lambda: files.xlsx(files.wild()),
    "failing only": lambda: files.xls(failing_only()),
}


def failing_only() -> dict[str, list[files.Row]]:
    """The older layout: an overview that states what is compliant, and the failing resources."""
    sheets = files.report(files.F1)
    return {name: rows for name, rows in sheets.items() if name in ("检测概览", "不合规资源")}


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def f1(pack: Pack) -> Report:
    return entered(pack, FIXTURES["F1"]())


def shown_rows(page: str) -> int:
    """How many rows the caption of a page says it found."""
    found = re.search(r"<caption[^>]*>([\d,]+) of", page)
    return int(found[1].replace(",", "")) if found else 0


@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_filter_gives_one_number_whether_kept_counted_paged_or_exported(
    pack: Pack, fixture: str
) -> None:
    report = entered(pack, FIXTURES[fixture]())
    rules = [None, *(result.rule for result in rule_summaries.load_rule_summaries(report))]
    for status, risk, rule in itertools.product((None, *Status), (None, *Risk), rules):
        wanted = EvaluationFilter(status=status, risk=risk, rule=rule)
        exported = sum(1 for _row in report_query.iterate_rows(report, wanted, "key"))
        looked_up = report_query.filter_evaluations(report, wanted).count()
        assert (
            report_query.count_evaluations(report, wanted)
            == looked_up
            == exported
            == report_query.load_page(report, wanted).count
        )
    for words in ("bucket", "OSS 公共", "i-0000", "nothing at all"):
        wanted = EvaluationFilter(q=words)
        exported = sum(1 for _row in report_query.iterate_rows(report, wanted, "key"))
        assert (
            report_query.count_evaluations(report, wanted)
            == exported
            == report_query.load_page(report, wanted).count
        )


@pytest.mark.parametrize("fixture", FIXTURES)
def test_the_number_on_a_card_is_the_number_of_rows_after_the_click(
    pack: Pack, reader: Client, fixture: str
) -> None:
    report = entered(pack, FIXTURES[fixture]())
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    cards = re.findall(r'<a href="([^"]+)"[^>]*><span class="huge">([\d,–]+)<', page)
    assert cards
    for link, number in cards:
        after = reader.get(html.unescape(link)).content.decode()
        assert shown_rows(after) == (0 if number == "–" else int(number.replace(",", "")))


def test_a_status_that_the_file_only_counts_is_a_number_and_no_link(
    pack: Pack, reader: Client
) -> None:
    report = entered(pack, FIXTURES["failing only"]())
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert "total only, no rows" in page
    assert "resources/?status=compliant" not in page
    asked = reader.get(f"/reports/{report.pk}/resources/?status=compliant").content.decode()
    assert "does not list these resources one by one" in asked


def test_the_rate_stands_with_its_formula(f1: Report, reader: Client) -> None:
    page = reader.get(f"/reports/{f1.pk}/").content.decode()
    assert "72.7 %" in page
    assert "8 / (8 + 3)" in page
    assert "compliant / (compliant + non-compliant)" in page


def test_a_new_filter_goes_to_page_one_and_leaves_the_rest() -> None:
    wanted = EvaluationFilter.parse(
        QueryDict("status=failing&region=cn-beijing&page=7&sort=-region"), ("region",)
    )
    assert (
        wanted.query_string(risk=Risk.HIGH)
        == "?status=failing&risk=high&region=cn-beijing&sort=-region"
    )
    assert wanted.query_string(page=8) == "?status=failing&region=cn-beijing&sort=-region&page=8"


def test_a_filter_survives_its_own_query_string() -> None:
    wanted = EvaluationFilter(
        status=Status.IGNORED,
        risk=Risk.NOT_STATED,
        rule=3,
        region="cn-beijing",
        type="ACS::OSS::Bucket",
        account="1",
        q="ä & 不",
        sort="-region",
        page=4,
    )
    assert EvaluationFilter.parse(QueryDict(wanted.query_string(page=4)[1:]), ("region",)) == wanted


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
    report = entered(pack, FIXTURES["F3, smaller"]())
    rows = report_query.load_page(report, EvaluationFilter()).rows
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
        for row in report_query.load_page(f1, EvaluationFilter(sort="-resource")).rows
    ]
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize("order", report_query.ORDERS)
def test_every_order_keeps_every_row(f1: Report, order: str) -> None:
    everything = {row.key for row in report_query.load_page(f1, EvaluationFilter()).rows}
    assert {
        row.key for row in report_query.load_page(f1, EvaluationFilter(sort=f"-{order}")).rows
    } == everything


def test_the_pages_hold_every_row_once(pack: Pack) -> None:
    report = entered(pack, FIXTURES["F3, smaller"]())
    for wanted in (EvaluationFilter(), EvaluationFilter(q="主机"), EvaluationFilter(sort="region")):
        pages = [
            report_query.load_page(report, wanted.replace(page=number)) for number in range(1, 7)
        ]
        keys = [row.key for page in pages for row in page.rows]
        assert len(keys) == len(set(keys)) == report.rows
        assert report_query.load_page(report, wanted.replace(page=99)).number == 6


def test_a_search_that_finds_more_than_a_few_pages_as_well(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = entered(pack, FIXTURES["F3, smaller"]())
    few = [
        row.key for row in report_query.load_page(report, EvaluationFilter(q="主机", page=2)).rows
    ]
    monkeypatch.setattr(report_query, "FEW", 10)
    assert [
        row.key for row in report_query.load_page(report, EvaluationFilter(q="主机", page=2)).rows
    ] == few


def test_each_word_is_looked_for_in_every_column_whatever_its_case(f1: Report) -> None:
    found = report_query.load_page(f1, EvaluationFilter(q="BUCKET acs::oss Photos 公共读")).rows
    assert [row.resource_id for row in found] == ["photos"]
    assert (
        report_query.count_evaluations(f1, EvaluationFilter(q="%"))
        == report_query.count_evaluations(f1, EvaluationFilter(q="_x"))
        == 0
    )


def test_a_page_costs_the_same_queries_for_few_rows_and_for_many(
    pack: Pack, reader: Client
) -> None:
    small = entered(pack, files.xls(files.rows(10)))
    other = Pack.objects.create(account=pack.account, pack_id="cp-0002", name="Large")
    large = entered(other, files.xls(files.rows(900)))
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


def test_a_row_weighs_less_than_a_kibibyte(pack: Pack, reader: Client) -> None:
    report = entered(pack, files.xls(files.rows(900)))
    page = reader.get(f"/reports/{report.pk}/resources/").content
    rows = page[page.index(b"<tbody>") : page.rindex(b"</tbody>")]
    assert len(rows) / rows.count(b"<tbody>") < 1024
    assert len(page) < 200_000


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
    assert f'<tbody id="rule-{rule}"><tr class="opened">' in page
    assert page.count('class="inset"') == 1
    assert "<html" in reader.get(f"/reports/{f1.pk}/rules/{rule}/").content.decode()


def test_the_rules_of_a_filter_are_those_with_its_rows(f1: Report) -> None:
    names = [
        result.name
        for result in report_query.filter_rules(f1, EvaluationFilter(status=Status.NON_COMPLIANT))
    ]
    assert names == ["OSS 存储空间 ACL 不开启公共读", "OSS 存储空间开启加密"]
    assert [one.name for one in report_query.filter_rules(f1, EvaluationFilter(q="日志"))] == [
        "OSS 存储空间开启日志"
    ]
    assert len(report_query.filter_rules(f1, EvaluationFilter(region="cn-hangzhou"))) == 3
    assert report_query.filter_rules(f1, EvaluationFilter(region="cn-nowhere")) == []


def test_options_are_what_the_rows_have(f1: Report) -> None:
    assert report_query.get_filter_choices(f1) == report_query.FilterChoices(
        ["cn-hangzhou"], ["ACS::OSS::Bucket"], [files.ACCOUNT]
    )
