"""A full disk is not a fault of the file that is read."""

import dataclasses
import errno
from pathlib import Path

import pytest

from dashboard.workbook.limits import Limits
from dashboard.workbook.reader_client import _make_error
from dashboard.workbook.reader_server import execute_order
from tests import sample_files


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_full_disk_is_told_from_a_damaged_file(tmp_path: Path) -> None:
    source = tmp_path / "report"
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    source.write_bytes(sample_files.build_xls(sheets))
    order = {
        "source": str(source),
        "target": "/dev/full",
        "room": str(tmp_path),
        "account": "1" * 16,
        "limits": dataclasses.asdict(Limits()),
    }
    fault = execute_order(order, [])
    assert fault == {"machine_error": errno.ENOSPC}
    error = _make_error(1, fault, Limits())
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOSPC
