"""Broken bytes: whatever is cut, flipped or filled, the answer is a report or one error, and it comes at once."""

import random
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from dashboard.workbook import Limits, WorkbookError, read
from dashboard.workbook.child import attempt
from dashboard.workbook.errors import CODES
from tests import files

SHEETS = files.report(files.F1)
WHOLE = {
    "xls": files.xls(SHEETS),
    "xlsx": files.xlsx(SHEETS),
    "html": files.html(SHEETS),
    "spreadsheetml": files.spreadsheetml(SHEETS),
    "csv": files.csv(files.rows(40)["评估结果"], "gb18030"),
    "zip": files.group(),
}
LIMITS = Limits(cells=200_000, uncompressed=50_000_000)


def verdict(content: bytes, folder: Path) -> str:
    """The code of the error, or `read`."""
    source, room = folder / "source", folder / "room"
    source.write_bytes(content)
    room.mkdir(exist_ok=True)
    names = {"source": source, "target": folder / "stored", "room": room}
    order = {
        **{name: str(path) for name, path in names.items()},
        "account": "",
        "limits": asdict(LIMITS),
    }
    refusal = attempt(order, [])
    return refusal["code"] if refusal else "read"


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_anywhere_is_one_error_or_a_report(kind: str, tmp_path: Path) -> None:
    content = WHOLE[kind]
    verdicts = {verdict(content[: len(content) * part // 30], tmp_path) for part in range(30)}
    assert verdicts <= {"read", *CODES}
    assert "read" not in verdicts or kind == "csv"  # text does not say where it ends


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
        begun = time.process_time()
        assert verdict(bytes(content), tmp_path) in {"read", *CODES}
        assert time.process_time() - begun < 5


@pytest.mark.parametrize("kind", ["xls", "xlsx"])
def test_a_broken_file_does_the_same_to_a_child(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "report.xls"
    content = bytearray(WHOLE[kind])
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    source.write_bytes(content)
    with pytest.raises(WorkbookError) as refused:
        read(source, tmp_path / "stored", limits=LIMITS)
    assert refused.value.code in {"corrupt", "truncated"}
