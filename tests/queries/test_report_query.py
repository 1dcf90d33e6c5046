"""The evaluations of a report: counted, paged, ordered, searched and exported alike."""

import itertools

import pytest

from dashboard.models import Pack, Report, Risk, Status
from dashboard.queries import report_query, rule_summaries
from dashboard.queries.filters import EvaluationFilter
from tests import sample_files
from tests.queries.report_contents import CONTENTS
from tests.views.report_files import import_report_bytes


@pytest.mark.parametrize("content", CONTENTS)
def test_a_filter_gives_one_number_whether_kept_counted_paged_or_exported(
    pack: Pack, content: str
) -> None:
    report = import_report_bytes(pack, CONTENTS[content]())
    rules = [None, *(summary.rule for summary in rule_summaries.load_rule_summaries(report))]
    for status, risk, rule in itertools.product((None, *Status), (None, *Risk), rules):
        table_filter = EvaluationFilter(status=status, risk=risk, rule=rule)
        exported = sum(1 for _row in report_query.iterate_evaluations(report, table_filter, "key"))
        scanned = report_query.filter_evaluations(report, table_filter).count()
        assert (
            report_query.count_evaluations(report, table_filter)
            == scanned
            == exported
            == report_query.load_page(report, table_filter).paginator.count
        )
    for words in ("bucket", "OSS 公共", "i-0000", "nothing at all"):
        table_filter = EvaluationFilter(q=words)
        exported = sum(1 for _row in report_query.iterate_evaluations(report, table_filter, "key"))
        assert (
            report_query.count_evaluations(report, table_filter)
            == exported
            == report_query.load_page(report, table_filter).paginator.count
        )


@pytest.mark.parametrize("order", report_query.ORDERS)
def test_every_order_keeps_every_row(f1: Report, order: str) -> None:
    everything = {row.key for row in report_query.load_page(f1, EvaluationFilter()).object_list}
    assert {
        row.key
        for row in report_query.load_page(f1, EvaluationFilter(sort=f"-{order}")).object_list
    } == everything


def test_the_pages_hold_every_row_once(pack: Pack) -> None:
    report = import_report_bytes(pack, CONTENTS["F3, smaller"]())
    for table_filter in (
        EvaluationFilter(),
        EvaluationFilter(q="主机"),
        EvaluationFilter(sort="region"),
    ):
        pages = [
            report_query.load_page(report, table_filter.replace(page=number))
            for number in range(1, 7)
        ]
        keys = [row.key for page in pages for row in page.object_list]
        assert len(keys) == len(set(keys)) == report.rows
        assert report_query.load_page(report, table_filter.replace(page=99)).number == 6


def test_a_search_that_finds_more_than_a_few_pages_as_well(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = import_report_bytes(pack, CONTENTS["F3, smaller"]())
    few = [
        row.key
        for row in report_query.load_page(report, EvaluationFilter(q="主机", page=2)).object_list
    ]
    monkeypatch.setattr(report_query, "MAX_SORTED_ROWS", 10)
    assert [
        row.key
        for row in report_query.load_page(report, EvaluationFilter(q="主机", page=2)).object_list
    ] == few


def test_each_word_is_looked_for_in_every_column_whatever_its_case(f1: Report) -> None:
    rows = report_query.load_page(
        f1, EvaluationFilter(q="BUCKET acs::oss Photos 公共读")
    ).object_list
    assert [row.resource_id for row in rows] == ["photos"]
    assert (
        report_query.count_evaluations(f1, EvaluationFilter(q="%"))
        == report_query.count_evaluations(f1, EvaluationFilter(q="_x"))
        == 0
    )


def test_options_are_what_the_rows_have(f1: Report) -> None:
    assert report_query.get_filter_choices(f1) == report_query.FilterChoices(
        ["cn-hangzhou"], ["ACS::OSS::Bucket"], [sample_files.ACCOUNT_UID]
    )
