"""A row that only the file states has the digest that earlier versions gave it."""

from pathlib import Path

import pytest

from dashboard.workbook import SourceCode
from tests import sample_files
from tests.workbook import six_evaluations
from tests.workbook.in_process import list_rows, read_bytes


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_content_of_a_report_has_the_hash_it_always_had(language: str, tmp_path: Path) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING, language)
    with read_bytes(sample_files.build_xls(sheets), tmp_path) as stored:
        assert stored.contents.content == 7262301649131983362


def test_the_content_of_a_table_has_the_hash_it_always_had(tmp_path: Path) -> None:
    with read_bytes(sample_files.build_csv(six_evaluations.TABLE), tmp_path) as stored:
        assert stored.contents.content == 1234086055895377937


def test_a_row_of_a_file_alone_has_nothing_of_the_evaluation_results(tmp_path: Path) -> None:
    with read_bytes(sample_files.build_csv(six_evaluations.TABLE), tmp_path) as stored:
        assert {row[13:] for row in list_rows(stored)} == {
            (SourceCode.FILE, 0, 0, 0, "", "", 0, "")
        }
