"""Where the reports of a trend are drawn, and which of them."""

import pytest

from dashboard.charts import plot, trend_chart
from dashboard.queries import trend
from tests.queries.trend_points import make_points


def test_a_point_lies_at_its_true_time() -> None:
    first, second, third = plot.compute_x_positions(make_points(0, 1, 10))
    assert second - first == pytest.approx((third - first) / 10)


def test_a_thinned_trend_keeps_the_first_the_latest_the_extremes_and_changes_of_the_rules() -> None:
    points = make_points(*range(1_000))
    points[501] = points[501]._replace(failing=90)
    points[702] = points[702]._replace(compliant=900)
    points[903:] = [point._replace(rules_hash=2) for point in points[903:]]
    points[:903] = [point._replace(rules_hash=1) for point in points[:903]]
    drawn_points = trend_chart.thin_points(points)
    assert {0, 501, 702, 903, 999} <= {point.report for point in drawn_points}
    assert len(drawn_points) <= 122
    assert trend.find_gaps(drawn_points) == set()


def test_the_names_of_lines_stand_apart_in_their_order_and_above_the_dates() -> None:
    line_ys = [250.0, 238.0, 252.0, 100.0]
    name_ys = plot.place_names(line_ys, bottom=256)
    assert name_ys[3] == 100
    assert max(name_ys) <= 256
    highest, middle, lowest = sorted(name_ys[:3])
    assert [highest, middle, lowest] == [name_ys[1], name_ys[0], name_ys[2]]
    assert min(middle - highest, lowest - middle) >= plot.NAME_HEIGHT


def test_where_no_risk_is_stated_the_risks_have_a_gap_and_the_failing_a_line_of_their_own() -> None:
    rated, unrated, passed = make_points(0, 1, 2)
    rated = rated._replace(failing=5, high=3, low=2)
    points = [rated, unrated._replace(failing=4), passed._replace(failing=0)]
    lines = {line.slug: line.values for line in trend_chart.build_risk_lines(points)}
    assert lines == {
        "high": [3, None, 0],
        "medium": [0, None, 0],
        "low": [2, None, 0],
        "without-risk": [None, 4, None],
    }
