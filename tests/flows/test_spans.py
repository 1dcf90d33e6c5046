"""Spans: whatever the order in which reports come and go, each shows exactly its file's rows."""

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from dashboard.ledger import spans
from dashboard.ledger.spans import GroupColumns, Span, replace_interval
from dashboard.models import Account, Evaluation, Pack, Report, Rule
from dashboard.models.evaluations import FOREVER, make_position
from dashboard.workbook import Evaluated

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KEYS = [1, 5, 2**59, 2**62]
# One report: what it says of each key it has; a state is (status, digest).
STATES = st.sampled_from([(1, 11), (1, 12), (5, 51), (3, 31)])
CONTENT = st.dictionaries(st.sampled_from(KEYS), STATES)

Content = Mapping[int, tuple[int, int]]


def evaluated(key: int, status: int, digest: int) -> Evaluated:
    return Evaluated(
        key, digest, key, status, f"i-{key}", "", "", "", f"reason {digest}", sheet=0, row=0
    )


def groups(rule: Rule) -> list[GroupColumns]:
    """One for each status, under its number."""
    return [(rule.pk, status, 1, "1", "cn-hangzhou", "ACS::ECS::Instance") for status in range(6)]


def file_of(content: Content) -> list[list[Evaluated]]:
    return [[evaluated(key, *content[key])] for key in sorted(content)]


def put_after(report: Report, before: Content, content: Content, rule: Rule) -> None:
    """Puts a report of which is known what the one before it says."""
    rows = {key: evaluated(key, *state) for key, state in content.items()}
    differing = [
        key for key in before.keys() | content.keys() if before.get(key) != content.get(key)
    ]
    spans.store_changed_keys(
        report, spans.find_neighbours(report).after, differing, rows, groups(rule)
    )


def place(pack: Pack, number: int) -> Report:
    moment = START + dt.timedelta(days=number)
    return Report.objects.create(
        pack=pack,
        pack_name=pack.name,
        state=Report.State.FAILED,
        created_at=moment,
        deadline_at=moment,
        position=make_position(moment, f"{number:064x}"),
    )


def stored(pack: Pack) -> list[tuple[int, ...]]:
    rows = Evaluation.objects.filter(pack=pack).order_by("key", "first")
    return list(rows.values_list("key", "first", "until", "digest", "status", "since"))


def shown(report: Report) -> dict[int, tuple[int, int]]:
    assert report.position is not None
    rows = Evaluation.objects.at(report.pack_id, report.position)
    return {
        key: (status, digest) for key, status, digest in rows.values_list("key", "status", "digest")
    }


def expected(contents: dict[int, Content]) -> list[tuple[int, ...]]:
    """The spans that these reports (by position) must give, worked out the long way."""
    line = [*sorted(contents), FOREVER]
    result: list[tuple[int, ...]] = []
    for key in sorted({key for content in contents.values() for key in content}):
        since, last = 0, (0, 0)
        for position, until in pairwise(line):
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


class Order(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_any_order_of_coming_and_going_gives_the_rows_of_each_file_and_the_same_spans(
        self, data: st.DataObject
    ) -> None:
        account = Account.objects.create(name="Production", uid="1000000000000001")
        pack = Pack.objects.create(account=account, pack_id="cp-1", name="Pack")
        rule = Rule.objects.create(pack=pack, key="cr-1", name="Rule")
        contents = data.draw(st.lists(CONTENT, min_size=1, max_size=5))
        there: dict[Report, Content] = {}
        for number in data.draw(st.permutations(range(len(contents)))):
            report = place(pack, number)
            there[report] = contents[number]
            for _ in range(data.draw(st.integers(1, 2))):  # every step may run twice
                known = {one.position: content for one, content in there.items() if one != report}
                if data.draw(st.booleans()) and (
                    before := known.get(spans.find_neighbours(report).before)
                ):
                    put_after(report, before, contents[number], rule)
                else:
                    spans.store_evaluations(report, file_of(contents[number]), groups(rule))
        for report in data.draw(st.lists(st.sampled_from(list(there)), unique=True)):
            spans.remove_report(report)
            Report.objects.filter(pk=report.pk).update(position=None)
            del there[report]
        for report, content in there.items():
            assert shown(report) == content
        assert stored(pack) == expected(
            {report.position or 0: content for report, content in there.items()}
        )


def test_a_change_of_the_reason_does_not_end_the_time_for_which_a_resource_is_failing() -> None:
    line = replace_interval(
        [Span(10, FOREVER, 1, status=1, since=10)], 20, FOREVER, Span(0, 0, 2, status=1)
    )
    assert [(span.first, span.until, span.since) for span in line] == [
        (10, 20, 10),
        (20, FOREVER, 10),
    ]


@pytest.mark.django_db
def test_a_report_like_the_one_before_writes_nothing(pack: Pack) -> None:
    rule = Rule.objects.create(pack=pack, key="cr-1", name="Rule")
    content = dict.fromkeys(KEYS, (1, 11))
    spans.store_evaluations(place(pack, 1), file_of(content), groups(rule))
    before = list(Evaluation.objects.values())
    spans.store_evaluations(place(pack, 2), file_of(content), groups(rule))
    assert list(Evaluation.objects.values()) == before
