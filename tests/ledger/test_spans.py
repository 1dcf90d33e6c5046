"""Reports stored and removed in any order show exactly the rows of their files."""

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from dashboard.ledger import pack_resources, spans
from dashboard.ledger.span_intervals import Span, replace_interval
from dashboard.ledger.span_rows import GroupColumns
from dashboard.models import Account, Evaluation, Pack, Report, Rule
from dashboard.models.evaluations import FOREVER, make_position
from dashboard.workbook import EvaluationRow

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KEYS = [1, 5, 2**59, 2**62]
# The content of one report: the state of each key it lists. A state is (status, digest).
STATES = st.sampled_from([(1, 11), (1, 12), (5, 51), (3, 31)])
CONTENT = st.dictionaries(st.sampled_from(KEYS), STATES)

Content = Mapping[int, tuple[int, int]]


def build_row(key: int, status: int, digest: int) -> EvaluationRow:
    """Return a row; two keys share a resource, whose name is another with each digest."""
    resource, texts = key % 2, ("", "", "", "", f"reason {digest}")
    names = (f"i-{resource}", f"name {digest}")
    return EvaluationRow(key, digest, resource, status, *names, *texts, sheet=0, row=0)


def build_groups(rule: Rule) -> list[GroupColumns]:
    """Return a group for each status, at the index of its number."""
    return [(rule.pk, status, 1, "1", "cn-hangzhou", "ACS::ECS::Instance") for status in range(6)]


def build_buckets(content: Content) -> list[list[EvaluationRow]]:
    return [[build_row(key, *content[key])] for key in sorted(content)]


def store_after_known_report(report: Report, before: Content, content: Content, rule: Rule) -> None:
    """Store a report whose previous report has the content `before`."""
    rows = {key: build_row(key, *state) for key, state in content.items()}
    differing = [
        key for key in before.keys() | content.keys() if before.get(key) != content.get(key)
    ]
    spans.store_changed_keys(
        report, spans.find_neighbours(report).after, differing, rows, build_groups(rule)
    )


def create_report(pack: Pack, number: int) -> Report:
    moment = START + dt.timedelta(days=number)
    return Report.objects.create(
        pack=pack,
        pack_name=pack.name,
        state=Report.State.FAILED,
        created_at=moment,
        deadline_at=moment,
        position=make_position(moment, f"{number:064x}"),
    )


def list_spans(pack: Pack) -> list[tuple[int, ...]]:
    rows = Evaluation.objects.filter(pack=pack).order_by("key", "first")
    return list(rows.values_list("key", "first", "until", "digest", "status", "since"))


def load_content(report: Report) -> dict[int, tuple[int, int]]:
    assert report.position is not None
    rows = Evaluation.objects.at(report.pack_id, report.position)
    return {
        key: (status, digest) for key, status, digest in rows.values_list("key", "status", "digest")
    }


def compute_expected_spans(contents: dict[int, Content]) -> list[tuple[int, ...]]:
    """Return the spans that these reports, by their position, must give."""
    positions = [*sorted(contents), FOREVER]
    result: list[tuple[int, ...]] = []
    for key in sorted({key for content in contents.values() for key in content}):
        since, last = 0, (0, 0)
        for position, until in pairwise(positions):
            state = contents[position].get(key)
            if state is None:
                last = (0, 0)
                continue
            since = since if state[0] == last[0] else position
            if state == last:
                result[-1] = (*result[-1][:2], until, *result[-1][3:])
            else:
                result.append((key, position, until, state[1], state[0], since))
            last = state
    return result


class OrderOfReports(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_any_order_of_storing_and_removing_gives_each_file_its_rows_and_the_same_spans(
        self, data: st.DataObject
    ) -> None:
        account = Account.objects.create(name="Production", uid="1000000000000001")
        pack = Pack.objects.create(account=account, pack_id="cp-1", name="Pack")
        rule = Rule.objects.create(pack=pack, key="cr-1", name="Rule")
        contents = data.draw(st.lists(CONTENT, min_size=1, max_size=5))
        stored_contents: dict[Report, Content] = {}
        for number in data.draw(st.permutations(range(len(contents)))):
            report = create_report(pack, number)
            stored_contents[report] = contents[number]
            for _ in range(data.draw(st.integers(1, 2))):  # a step may run twice
                known = {
                    other.position: content
                    for other, content in stored_contents.items()
                    if other != report
                }
                if data.draw(st.booleans()) and (
                    before := known.get(spans.find_neighbours(report).before)
                ):
                    store_after_known_report(report, before, contents[number], rule)
                else:
                    spans.store_evaluations(
                        report, build_buckets(contents[number]), build_groups(rule)
                    )
                assert not pack_resources.has_wrong_resources(pack)
        for report in data.draw(st.lists(st.sampled_from(list(stored_contents)), unique=True)):
            spans.remove_report(report)
            assert Report.objects.get(pk=report.pk).position is None
            del stored_contents[report]
            assert not pack_resources.has_wrong_resources(pack)
        for report, content in stored_contents.items():
            assert load_content(report) == content
        assert list_spans(pack) == compute_expected_spans(
            {report.position or 0: content for report, content in stored_contents.items()}
        )


def test_a_new_reason_does_not_restart_the_time_for_which_a_resource_is_failing() -> None:
    spans_of_key = replace_interval(
        [Span(10, FOREVER, 1, status=1, since=10)], 20, FOREVER, Span(0, 0, 2, status=1)
    )
    assert [(span.first, span.until, span.since) for span in spans_of_key] == [
        (10, 20, 10),
        (20, FOREVER, 10),
    ]


@pytest.mark.django_db
def test_a_report_like_the_previous_one_writes_nothing(pack: Pack) -> None:
    rule = Rule.objects.create(pack=pack, key="cr-1", name="Rule")
    content = dict.fromkeys(KEYS, (1, 11))
    spans.store_evaluations(create_report(pack, 1), build_buckets(content), build_groups(rule))
    before = list(Evaluation.objects.values())
    spans.store_evaluations(create_report(pack, 2), build_buckets(content), build_groups(rule))
    assert list(Evaluation.objects.values()) == before


@pytest.mark.django_db
def test_earlier_readings_are_looked_for_once_for_all_ranges_of_a_report(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "ROWS_PER_TRANSACTION", 1)
    rule = Rule.objects.create(pack=pack, key="r", name="r")
    content: Content = dict.fromkeys(KEYS, (1, 11))
    with CaptureQueriesContext(connection) as queries:
        for number in range(2):
            report = create_report(pack, number)
            spans.store_evaluations(report, build_buckets(content), build_groups(rule))
    lookups = [query for query in queries if '"reader_version" BETWEEN' in query["sql"]]
    assert len(lookups) == 2
