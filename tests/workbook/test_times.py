"""Times are understood to their end or not at all, and compared as times."""

from pathlib import Path
from typing import Any

import pytest

from dashboard.workbook.times import TimeRange, normalise_time
from tests import sample_files
from tests.workbook.in_process import read_bytes
from tests.workbook.six_evaluations import HEADER, ROWS, SHEET_NAME, TABLE, list_remarks

AFTERNOON = "2026-01-05T15:05:33"


@pytest.mark.parametrize(
    "text",
    [
        "2026/1/5 下午3:05:33",
        "2026-01-05 03:05:33 PM",
        "2026-01-05 3:05:33 p.m.",
        "2026-01-05 PM 3:05:33",
        "2026年1月5日 下午3时5分33秒",
        "2026年1月5日15时05分33秒",
        "2026年1月5日 午後3時05分33秒",
        "2026年1月5日(月) 15:05:33",
        "2026年1月5日 星期一 15:05:33",
        "Jan 5, 2026 3:05:33 PM",
        "5 January 2026 15:05:33",
        "2026.01.05 15:05:33.250",
        "20260105150533",
        "２０２６年１月５日　１５：０５：３３",
        "2026-01-05T15:05:33,9",
    ],
)
def test_a_time_without_a_zone(text: str) -> None:
    assert normalise_time(text) == AFTERNOON


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("{} (UTC+8)", "+08:00"),
        ("{} UTC+08:00", "+08:00"),
        ("{} GMT+8", "+08:00"),
        ("{} +0800", "+08:00"),
        ("{}+08:00", "+08:00"),
        ("{} CST", "+08:00"),
        ("{} 北京时间", "+08:00"),
        ("{} (北京时间)", "+08:00"),
        ("北京时间 {}", "+08:00"),
        ("{} Asia/Shanghai", "+08:00"),
        ("{} JST", "+09:00"),
        ("{} (日本時間)", "+09:00"),
        ("{}Z", "+00:00"),
        ("{} UTC", "+00:00"),
        ("{} -05:30", "-05:30"),
        ("{} +08:00 (China Standard Time)", "+08:00"),
    ],
)
def test_a_time_with_a_zone(text: str, offset: str) -> None:
    assert normalise_time(text.format("2026-01-05 15:05:33")) == AFTERNOON + offset


@pytest.mark.parametrize(
    ("text", "hour"),
    [("12:30 AM", 0), ("12:30 PM", 12), ("上午12:30", 0), ("下午12:30", 12), ("凌晨3:30", 3),
     ("中午12:30", 12), ("中午1:30", 13), ("晚上8:30", 20), ("午前0:30", 0), ("午後0:30", 12)],
)  # fmt: skip
def test_the_half_of_a_day(text: str, hour: int) -> None:
    assert normalise_time(f"2026-01-05 {text}") == f"2026-01-05T{hour:02}:30:00"


@pytest.mark.parametrize(
    "text",
    ["05/10/2026", "13/10/2026 09:00", "10/1/26 3:00 PM", "46298.5", "2026-01-05 15:05 AM",
     "2026-01-05 15:05:33 EST", "2026-01-05 15:05 or later", "2026-13-01", "2026-01-05 24:01",
     "2026-01-05 25:00", "晚上12:00", "2026-01-05 晚上12:00", "昨天", "", "15:05", "2026"],
)  # fmt: skip
def test_what_is_not_understood_is_no_time(text: str) -> None:
    assert normalise_time(text) is None


def test_the_first_and_the_last_are_those_of_time_and_not_of_text() -> None:
    times = TimeRange()
    texts = ["2026-9-30 08:00:00", "2026-10-1 08:00:00", "2026-10-1 10:00:00", "2026-9-30 07:00:00"]
    assert times.add_cells(texts) == set()
    assert (times.first, times.last) == ("2026-09-30T07:00:00", "2026-10-01T10:00:00")


def test_times_of_several_zones_are_compared_as_moments() -> None:
    times = TimeRange()
    times.add_cells(["2026-10-01 09:00:00", "2026-10-01T00:30:00Z", "2026-10-01 10:30:00 JST"])
    assert times.first == "2026-10-01T00:30:00+00:00"  # 08:30 in UTC+8
    assert times.last == "2026-10-01T10:30:00+09:00"  # 09:30 in UTC+8


def test_a_time_that_is_not_understood_is_remarked_with_its_row(tmp_path: Path) -> None:
    table = [list(cells) for cells in TABLE]
    table[2][10], table[4][10], table[5][10] = "05/10/2026 09:00", "-", "soon"
    content = sample_files.build_xlsx({SHEET_NAME: table})
    with read_bytes(content, tmp_path) as stored:
        remarks = [(remark.code, remark.rows, remark.facts) for remark in stored.contents.remarks]
        assert remarks == [
            ("time_doubtful", "3", {"text": "05/10/2026 09:00"}),
            ("time_doubtful", "6", {"text": "soon"}),
        ]


@pytest.mark.parametrize(
    ("own", "other"),
    [("报告生成时间", "创建时间"), ("Report Generated At", "Creation Time"),
     ("生成时间", "导出时间"), ("レポート作成日時", "作成日時"),
     ("報告生成時間", "建立時間"), ("导出时间", "创建时间")],
)  # fmt: skip
@pytest.mark.parametrize("is_first", [True, False])
def test_the_own_time_of_the_report_goes_before_others(
    own: str, other: str, is_first: bool, tmp_path: Path
) -> None:
    facts = [(own, "2026-10-01 09:30:00"), (other, "2020-03-01 00:00:00")]
    sheets: dict[str, Any] = {"检测概览": facts if is_first else facts[::-1], SHEET_NAME: TABLE}
    with read_bytes(sample_files.build_xlsx(sheets), tmp_path) as stored:
        assert stored.contents.created_at == "2026-10-01T09:30:00"


def test_a_report_time_that_is_not_understood_is_not_replaced_by_another(tmp_path: Path) -> None:
    facts = [("报告生成时间", "01/10/2026"), ("创建时间", "2020-03-01")]
    sheets: dict[str, Any] = {"检测概览": facts, SHEET_NAME: [HEADER, *ROWS]}
    with read_bytes(sample_files.build_xlsx(sheets), tmp_path) as stored:
        assert stored.contents.created_at == ""
        assert list_remarks(stored) == [("time_doubtful", "1")]


def test_spaces_in_a_time_count_as_one_and_are_read_at_once() -> None:
    assert normalise_time("2026-10-01" + " " * 60 + "08:00") == "2026-10-01T08:00:00"
    for number in range(100):
        assert normalise_time("2026-10-01" + " " * 65 + f"x{number}") is None
