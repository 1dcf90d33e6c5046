"""The number of what came and left, with its parts in words."""

from typing import NamedTuple

import pytest

from dashboard.comparison.template_tags import render_change


class Counted(NamedTuple):
    """The counts of a report."""

    came: int | None
    left: int | None
    changes_by_reason: dict[str, int] | None


@pytest.mark.parametrize(
    ("counted", "shown", "hidden"),
    [
        (Counted(3, 7, {"regressed": 3, "fixed": 7}), '▲ 3<span class="words"> new failing<', "–"),
        (Counted(3, 0, {"regressed": 2, "new-rule": 1}), "regressed 2, new rule 1", "▼"),
        (Counted(0, 1200, {"fixed": 1200}), '▼ 1,200<span class="words"> no longer failing<', "▲"),
        (Counted(0, 0, {}), "no change since the last report", "▲"),
        (Counted(None, None, {}), "nothing to compare with", "▼"),
        (Counted(None, None, None), "not counted yet", "▼"),
    ],
)
def test_what_came_and_left_stands_in_words_and_glyphs(
    counted: Counted, shown: str, hidden: str
) -> None:
    change = render_change(counted)
    assert shown in change
    assert hidden not in change


def test_each_number_leads_to_its_rows_and_says_its_parts() -> None:
    change = render_change(Counted(2, 1, {"new-resource": 2, "fixed": 1}), "/changes/", 4)
    assert 'href="/changes/?direction=came&amp;rule=4" title="new resource 2"' in change
    assert 'href="/changes/?direction=left&amp;rule=4" title="fixed 1"' in change
    assert '<span class="unseen parts">: fixed 1</span>' in change
