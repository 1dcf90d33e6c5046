"""A file that is cut, or whose bits are flipped, gives a report or one error, within seconds."""

import random
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from dashboard.workbook import Limits, WorkbookError, read_file
from dashboard.workbook.errors import CODES
from dashboard.workbook.reader_server import execute_order
from tests import sample_files

SHEETS = sample_files.build_report_sheets(sample_files.SOME_FAILING)
WHOLE = {
    "xls": sample_files.build_xls(SHEETS),
    "xlsx": sample_files.build_xlsx(SHEETS),
    "html": sample_files.build_html(SHEETS),
    "spreadsheetml": sample_files.build_spreadsheetml(SHEETS),
    "csv": sample_files.build_csv(sample_files.build_status_sheet(40)["评估结果"], "gb18030"),
    "zip": sample_files.build_account_group_zip(),
}
LIMITS = Limits(cells=200_000, uncompressed=50_000_000)


def read_or_error_code(content: bytes, folder: Path) -> str:
    """Return "read", or the code of the error."""
    source, unpacked = folder / "source", folder / "unpacked"
    source.write_bytes(content)
    unpacked.mkdir(exist_ok=True)
    names = {"source": source, "target": folder / "stored", "room": unpacked}
    order = {
        **{name: str(path) for name, path in names.items()},
        "account": "",
        "limits": asdict(LIMITS),
    }
    fault = execute_order(order, [])
    return str(fault["code"]) if fault else "read"


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_anywhere_is_one_error_or_a_report(kind: str, tmp_path: Path) -> None:
    content = WHOLE[kind]
    outcomes = {
        read_or_error_code(content[: len(content) * part // 30], tmp_path) for part in range(30)
    }
    assert outcomes <= {"read", *CODES}
    # Text does not say where it ends; rows of a page are read, and a remark says that it is cut.
    assert "read" not in outcomes or kind in ("csv", "html")


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("seed", range(5))
def test_a_file_with_flipped_bits_is_one_error_or_a_report(
    kind: str, seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    for _ in range(8):
        content = bytearray(WHOLE[kind])
        for _ in range(chance.choice((1, 4, 40))):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        started = time.process_time()
        assert read_or_error_code(bytes(content), tmp_path) in {"read", *CODES}
        assert time.process_time() - started < 5


@pytest.mark.parametrize("kind", ["xls", "xlsx"])
def test_a_broken_file_gives_one_error_from_a_reader_process(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "report.xls"
    content = bytearray(WHOLE[kind])
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    source.write_bytes(content)
    with pytest.raises(WorkbookError) as error_info:
        read_file(source, tmp_path / "stored", limits=LIMITS)
    assert error_info.value.code in {"corrupt", "truncated"}
