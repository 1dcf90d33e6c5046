"""SpreadsheetML 2003: merged cells, hidden parts and odd cells."""

from pathlib import Path

from tests.sample_files import build_spreadsheetml
from tests.workbook.in_process import read_bytes, read_cells
from tests.workbook.xlsx_files import SIX_ROWS, count_statuses, list_remarks

STATUSES = {"NON_COMPLIANT": 5, "COMPLIANT": 1}


def change_file(old: str, new: str) -> bytes:
    """Return the six evaluations in SpreadsheetML with one change."""
    text = build_spreadsheetml({"检测结果": SIX_ROWS}).decode()
    assert text.count(old) == 1
    return text.replace(old, new).encode()


def test_a_merged_value_holds_for_every_row_that_it_covers(tmp_path: Path) -> None:
    text = build_spreadsheetml({"检测结果": SIX_ROWS}).decode()
    rule = '<Cell><Data ss:Type="String">cr-aaaa00000001</Data></Cell>'
    text = text.replace(rule, rule.replace("<Cell>", '<Cell ss:MergeDown="2">'), 1)
    text = text.replace(f"<Row>{rule}<Cell>", '<Row><Cell ss:Index="2">')
    with read_bytes(text.encode(), tmp_path) as stored:
        assert read_cells(stored)[2][:2] == [None, "甲"]
        assert stored.contents.rules[0].rule_id == "cr-aaaa00000001"
        assert count_statuses(stored.contents) == STATUSES
        assert len(stored.contents.rules) == 3


def test_hidden_rows_and_columns_are_remarked(tmp_path: Path) -> None:
    text = build_spreadsheetml({"检测结果": SIX_ROWS}).decode()
    text = text.replace("<Table>", '<Table><Column ss:Index="2" ss:Span="1" ss:Hidden="1"/>')
    head, *rows = text.split("<Row>")
    text = f'{head}<Row>{rows[0]}<Row ss:Hidden="1">{"<Row>".join(rows[1:])}'
    with read_bytes(text.encode(), tmp_path) as stored:
        assert count_statuses(stored.contents) == STATUSES
        assert list_remarks(stored) == [("hidden_parts", 0, "2", {"rows": 1, "columns": 2})]


def test_a_value_that_is_not_what_its_type_says_is_a_text(tmp_path: Path) -> None:
    for kind, value in (("Number", "1,234"), ("DateTime", "soon"), ("Boolean", "yes")):
        content = change_file('<Data ss:Type="String">read<', f'<Data ss:Type="{kind}">{value}<')
        with read_bytes(content, tmp_path) as stored:
            assert read_cells(stored)[4][6] == value
            assert count_statuses(stored.contents) == STATUSES


def test_rows_and_cells_whose_index_goes_back_are_remarked(tmp_path: Path) -> None:
    content = change_file(
        '<Row><Cell><Data ss:Type="String">cr-cccc',
        '<Row ss:Index="2"><Cell><Data ss:Type="String">cr-cccc',
    )
    with read_bytes(content, tmp_path) as stored:
        assert count_statuses(stored.contents) == STATUSES
        assert list_remarks(stored) == [("rows_misnumbered", 0, "7", {})]
    old = '<Cell><Data ss:Type="String">read<'
    with read_bytes(
        change_file(old, old.replace("<Cell", '<Cell ss:Index="1"')), tmp_path
    ) as stored:
        assert ("cells_unplaced", 0, "5", {}) in list_remarks(stored)


def test_a_cell_behind_the_last_column_costs_that_cell(tmp_path: Path) -> None:
    content = change_file(
        '<Cell><Data ss:Type="String">sg-2', '<Cell ss:Index="99999"><Data ss:Type="String">sg-2'
    )
    with read_bytes(content, tmp_path) as stored:
        assert [remark.code for remark in stored.contents.remarks][:1] == ["cells_unplaced"]
        assert stored.contents.rows == 5


def test_a_comment_behind_the_root_is_no_sign_of_a_cut(tmp_path: Path) -> None:
    content = build_spreadsheetml({"检测结果": SIX_ROWS}) + b"\n<!-- written in 5 ms -->\n<?end?>\n"
    with read_bytes(content, tmp_path) as stored:
        assert count_statuses(stored.contents) == STATUSES


def test_a_row_beyond_the_last_one_follows_the_row_before(tmp_path: Path) -> None:
    row = '<Row><Cell><Data ss:Type="String">cr-cccc'
    content = change_file(row, row.replace("<Row>", '<Row ss:Index="1048577">'))
    with read_bytes(content, tmp_path) as stored:
        assert count_statuses(stored.contents) == STATUSES
        assert list_remarks(stored) == [("rows_misnumbered", 0, "7", {})]


def test_the_rows_before_damage_are_counted(tmp_path: Path) -> None:
    row = '<Row><Cell><Data ss:Type="String">cr-cccc'
    with read_bytes(change_file(row, row.replace("<Row>", "<Row")), tmp_path) as stored:
        assert stored.contents.rows == 5
        assert list_remarks(stored) == [("sheet_cut", 0, "6", {})]


def test_spaces_before_and_control_characters_within_the_xml_cost_nothing(tmp_path: Path) -> None:
    content = b"\r\n\t" + change_file(">read<", ">re&#1;ad & write<")
    with read_bytes(content, tmp_path) as stored:
        assert count_statuses(stored.contents) == STATUSES
        assert read_cells(stored)[4][6] == "re\ufffdad & write"
        assert list_remarks(stored) == [("characters_lost", 0, "5", {})]


def test_many_worksheets_are_read_each_with_its_rows(tmp_path: Path) -> None:
    sheets = {f"表{number}": [("a", "b"), (f"x{number}", "y")] for number in range(300)}
    with read_bytes(build_spreadsheetml(sheets), tmp_path) as stored:
        assert [sheet.name for sheet in stored.contents.sheets] == list(sheets)
        assert read_cells(stored, 299) == [["a", "b"], ["x299", "y"]]
