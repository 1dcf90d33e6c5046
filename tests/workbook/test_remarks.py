"""Remarks: the same remark on several rows is one, its rows are ranges, its texts are short."""

from dashboard.workbook.cells import MergedRange
from dashboard.workbook.merged_cells import MergedCellFiller
from dashboard.workbook.remarks import Remark, RemarkCollector


def test_rows_that_follow_each_other_become_a_range_and_are_counted_once() -> None:
    remarks = RemarkCollector()
    for row in (2, 3, 4, 8, 2, 3, 4, 8):
        remarks.add("rows_skipped", row)
    assert remarks.list_remarks(5) == [Remark("rows_skipped", 5, "3-5, 9", 4, {})]


def test_remarks_with_other_facts_are_other_remarks_up_to_a_limit() -> None:
    remarks = RemarkCollector()
    for number in range(30):
        remarks.add("sheet_unread", number, reason=f"reason {number}")
    variants = remarks.list_remarks()
    assert len(variants) == 21
    assert variants[-1] == Remark("sheet_unread", None, "21-30", 10, {})


def test_long_lists_of_rows_and_long_texts_are_cut() -> None:
    remarks = RemarkCollector()
    for row in range(0, 5_000, 2):
        remarks.add("rows_skipped", row, word="x" * 500 + "\0")
    (remark,) = remarks.list_remarks()
    assert (remark.count, remark.rows) == (2_500, "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, …")
    assert remark.facts["word"] == "x" * 99 + "…"


def test_a_merged_cell_gives_its_value_to_all_rows_but_not_to_other_columns() -> None:
    filler = MergedCellFiller([MergedRange(1, 3, 0, 0), MergedRange(0, 0, 0, 1)])
    filled = filler.fill_rows([["title"], ["a", 1], [None, 2]], first_row=0)
    assert filled == [["title"], ["a", 1], ["a", 2]]
    assert filler.fill_rows([[], ["b", 4]], first_row=3) == [["a"], ["b", 4]]
