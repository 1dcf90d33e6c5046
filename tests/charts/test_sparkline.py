"""The small trend of a table row."""

from dashboard.charts.sparkline import draw_sparkline


def test_a_trend_tells_the_same_in_words() -> None:
    sparkline = draw_sparkline([(1, 1), (0, 0), (3, 1), (9, 1)])
    assert 'aria-label="Resource rate 50.0 % → 90.0 %, 3 reports"' in sparkline
    assert sparkline.count("<circle") == 1


def test_one_report_is_no_trend() -> None:
    assert "svg" not in draw_sparkline([(1, 1)])
