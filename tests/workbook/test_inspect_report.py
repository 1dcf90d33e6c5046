"""`manage.py inspect_report` shows what files would give and stores nothing."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from tests import sample_files


def write(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def test_a_report_is_shown_with_its_sheets_and_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command(
            "inspect_report",
            write(tmp_path, "a.xls", sample_files.build_xls(sample_files.build_unknown_parts())),
        )
    assert ended.value.code == 2  # the sheet 附录 is counted nowhere
    shown = capsys.readouterr().out
    assert "a.xls: xls zh-Hans" in shown
    assert "不合规资源: non_compliant, 4 rows x 9 columns, 3 evaluations" in shown
    assert "附录: not recognised" in shown
    assert "1 remark, 1 says what was not counted" in shown
    assert "- sheet “附录”: The sheet has no columns known here" in shown
    assert "NON_COMPLIANT: 3" in shown
    assert [path.name for path in tmp_path.iterdir()] == ["a.xls"]


def test_json_is_an_object_per_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING))
    call_command(
        "inspect_report", *(write(tmp_path, name, content) for name in ("a.xls", "b.xls")), "--json"
    )
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["rows"] for one in shown] == [12, 12]
    assert shown[0]["sheets"][2]["recognised"]["1"] == "resource_id"


def test_the_remarks_in_json_have_their_fields_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = sample_files.build_xlsx(sample_files.build_unknown_parts())
    with pytest.raises(SystemExit) as ended:
        call_command("inspect_report", write(tmp_path, "a.xlsx", content), "--json")
    assert ended.value.code == 2
    (remark,) = json.loads(capsys.readouterr().out)["remarks"]
    assert (remark["code"], remark["sheet"], remark["uncounted"]) == ("sheet_unrecognised", 5, True)
    assert {"rows", "count", "facts"} <= remark.keys()
    assert remark["sentence"].startswith("The sheet has no columns known here")


def test_an_unreadable_file_outweighs_what_was_not_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = sample_files.build_xlsx(sample_files.build_unknown_parts())
    with pytest.raises(SystemExit) as ended:
        call_command(
            "inspect_report",
            write(tmp_path, "a.xlsx", content),
            write(tmp_path, "bad.xls", sample_files.ERROR_PAGE),
        )
    assert ended.value.code == 1


def test_a_file_that_cannot_be_read_is_one_line_and_the_others_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = write(tmp_path, "bad.xls", sample_files.ERROR_PAGE)
    good = write(
        tmp_path,
        "good.xls",
        sample_files.build_xls(sample_files.build_report_sheets(sample_files.ALL_COMPLIANT)),
    )
    with pytest.raises(SystemExit) as ended:
        call_command("inspect_report", bad, str(tmp_path / "absent.xls"), good)
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert "good.xls: xls" in said.out
    first, second = said.err.splitlines()
    assert first.startswith(f"{bad}: ")
    assert "error_page" in first
    assert second.endswith("absent.xls: No such file or directory")
