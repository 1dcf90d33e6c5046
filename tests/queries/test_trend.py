"""Gaps and changes of the rules among the reports of a trend."""

from dashboard.queries import trend
from tests.queries.trend_points import make_points


def test_a_gap_longer_than_three_usual_intervals_breaks_the_line() -> None:
    assert trend.find_gaps(make_points(0, 7, 14, 21, 50, 57)) == {4}
    assert trend.find_gaps(make_points(0, 7, 14, 35)) == set()


def test_a_change_of_the_rules_is_marked_and_silence_about_them_is_not() -> None:
    points = [
        point._replace(rules_hash=rules_hash)
        for point, rules_hash in zip(make_points(*range(6)), (1, 1, 2, None, 2, 2), strict=True)
    ]
    assert trend.find_rule_changes(points) == [2]
