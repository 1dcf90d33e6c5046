"""Times, rates, ages, sizes, changes and marks as text and as template tags."""

import datetime as dt
import zoneinfo

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from dashboard.text import formatting, template_tags

MOMENT = dt.datetime(2026, 11, 20, 1, 14, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("zone", "expected", "offset"),
    [
        ("Asia/Shanghai", "2026-11-20 09:14", "UTC+8"),
        ("Asia/Kolkata", "2026-11-20 06:44", "UTC+5:30"),
        ("Asia/Singapore", "2026-11-20 09:14", "UTC+8"),
    ],
)
def test_a_time_has_its_offset_in_the_tooltip_and_in_print(
    zone: str, expected: str, offset: str
) -> None:
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        shown = template_tags.render_time(MOMENT)
        assert offset in formatting.format_zone_name()
    title = f"{expected}:05 {offset}; 2026-11-20 01:14:05 UTC"
    attributes = f'datetime="2026-11-20T01:14Z" title="{title}" data-offset="{offset}"'
    assert shown == f"<time {attributes}>{expected}</time>"


def test_a_time_in_utc_has_one_time_as_tooltip() -> None:
    with timezone.override(dt.UTC):
        shown = template_tags.render_time(MOMENT)
    assert 'title="2026-11-20 01:14:05 UTC" data-offset="UTC">2026-11-20 01:14<' in shown


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        ("America/Los_Angeles", MOMENT, "2026-11-19 17:14 UTC-8"),
        ("America/St_Johns", MOMENT, "2026-11-19 21:44 UTC-3:30"),
        # The same hour twice: an hour before and after the end of summer time.
        ("Europe/Berlin", dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC), "02:30 UTC+2"),
        ("Europe/Berlin", dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC), "02:30 UTC+1"),
        # Summer time was given up here in 2022: only times before that need the offset.
        ("America/Mexico_City", dt.datetime(2021, 7, 1, 17, tzinfo=dt.UTC), "12:00 UTC-5"),
        ("America/Mexico_City", dt.datetime(2026, 7, 1, 18, tzinfo=dt.UTC), "12:00"),
    ],
)
def test_a_time_whose_offset_its_zone_does_not_tell_has_it_in_the_text(
    zone: str, moment: dt.datetime, expected: str
) -> None:
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        assert template_tags.render_time(moment).endswith(f"{expected}</time>")
        assert formatting.format_page_time(moment).endswith(expected)


def test_a_time_outside_a_page_always_has_its_offset() -> None:
    with timezone.override(zoneinfo.ZoneInfo("Asia/Shanghai")):
        assert formatting.format_time(MOMENT) == "2026-11-20 09:14 UTC+8"
        assert formatting.format_page_time(MOMENT) == "2026-11-20 09:14"


def test_no_time_is_a_quiet_dash() -> None:
    assert "–" in template_tags.render_time(None)


@pytest.mark.parametrize(
    ("compliant", "failing", "expected"),
    [
        (357, 57, "86.2 %"),
        (0, 0, "no data"),
        (5, 0, "100 %"),
        (0, 5, "0 %"),
        (99_999, 1, "99.9 %"),
        (1, 99_999, "< 0.1 %"),
        (1, 1, "50.0 %"),
    ],
)
def test_a_rate_is_cut_and_not_rounded(compliant: int, failing: int, expected: str) -> None:
    assert formatting.format_rate(compliant, failing) == expected


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_rate_hides_a_failure_or_what_is_well(compliant: int, failing: int) -> None:
    expected = formatting.format_rate(compliant, failing)
    assert (expected == "100 %") == (failing == 0 < compliant)
    assert (expected == "0 %") == (compliant == 0 < failing)


def test_a_status_has_its_word_beside_the_colour() -> None:
    assert template_tags.render_status_mark(1).endswith("</svg>Non-compliant</span>")
    with translation.override("en"):
        assert 'data-status="insufficient-data"' in template_tags.render_status_mark(2)


@pytest.mark.parametrize(("risk", "steps"), [(1, 3), (2, 2), (3, 1)])
def test_a_risk_is_a_word_and_a_bar_of_three_steps(risk: int, steps: int) -> None:
    outline, full = template_tags.render_risk_mark(risk).split('class="full"')
    assert outline.count("M") == 3
    assert full.count("M") - full.count("Medium") == steps


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("short", "short"),
        ("a" * 12 + "b" * 12, "a" * 12 + "b" * 12),
        ("a" * 20 + "b" * 20, "a" * 12 + "…" + "b" * 11),
    ],
)
def test_a_long_id_is_cut_in_its_middle(text: str, cut: str) -> None:
    assert formatting.shorten_middle(text) == cut


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 B"), (1023, "1023 B"), (24_576, "24.0 KiB"), (2**31, "2.0 GiB")]
)
def test_a_size_is_expected_in_the_unit_people_use(count: int, expected: str) -> None:
    assert formatting.format_size(count) == expected


@pytest.mark.parametrize(
    ("language", "text", "attribute"),
    [
        ("en", "等保", ' lang="zh-hans"'),
        ("en", "OSS", ""),
        ("zh-hans", "等保", ""),
        ("zh-hans", "OSS", ' lang="en"'),
    ],
)
def test_a_name_in_another_language_says_so(language: str, text: str, attribute: str) -> None:
    with translation.override(language):
        assert template_tags.render_lang_attribute(text) == attribute


def test_an_age_is_expected_in_one_unit() -> None:
    now = timezone.now()
    assert formatting.format_age(now) == "just now"
    assert formatting.format_age(now - dt.timedelta(days=8)).replace("\xa0", " ") == "1 week ago"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "https://help.aliyun.com/a?b=1",
            '<a href="https://help.aliyun.com/a?b=1" rel="noreferrer">'
            "https://help.aliyun.com/a?b=1</a>",
        ),
        (
            "见https://help.aliyun.com/a。再试",
            '见<a href="https://help.aliyun.com/a" rel="noreferrer">https://help.aliyun.com/a</a>。再试',
        ),
        ("http://help.aliyun.com", "http://help.aliyun.com"),
        ("javascript:alert(1) www.aliyun.com", "javascript:alert(1) www.aliyun.com"),
        ('https://a.com/"><b>', '<a href="https://a.com/" rel="noreferrer">https://a.com/</a>'),
    ],
)
def test_a_remediation_is_a_link_where_it_is_an_https_address(text: str, expected: str) -> None:
    assert template_tags.link_https_addresses(text).startswith(expected)
    assert "<b>" not in template_tags.link_https_addresses(text)
