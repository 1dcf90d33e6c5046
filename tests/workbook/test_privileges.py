"""A harmful file that has taken over the reader process can use nothing but its own folder."""

import dataclasses
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dashboard import tasks
from dashboard.workbook import Limits, StoredForm, WorkbookError, privileges, read_file
from dashboard.workbook.reader_client import _build_environment, _make_error, stop_readers
from tests import sample_files
from tests.workbook.test_reader_process import find_reader

pytestmark = pytest.mark.skipif(
    bool(privileges.find_missing_protections()), reason="the kernel does not offer all protections"
)


@pytest.fixture
def outcomes(tmp_path: Path) -> dict[str, str]:
    """What happened to each attempt of a harmful file."""
    folder = tmp_path / "work"
    for name in ("input", "output", "unpacked"):
        (folder / name).mkdir(parents=True)
    (folder / "input" / "source").write_bytes(b"harmful")
    key = tmp_path / "secrets" / "encryption-key"
    key.parent.mkdir()
    key.write_text("a key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        facts = {"key": str(key), "port": server.getsockname()[1], "folder": str(tmp_path)}
        order = {
            "folder": str(folder),
            "source": str(folder / "input" / "source"),
            "target": str(folder / "output" / "stored"),
            "room": str(folder / "unpacked"),
            "account": json.dumps(facts),
            "limits": dataclasses.asdict(Limits()),
        }
        answer = send_order_to_hostile_reader(order)
    assert answer == [0, None]
    assert key.stat().st_mode & 0o022 == 0  # others may still not write it
    stored: dict[str, str] = json.loads((folder / "output" / "stored").read_text())
    return stored


def send_order_to_hostile_reader(order: Mapping[str, object]) -> object:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.workbook.hostile_reader"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_build_environment(),
    )
    with process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()  # and it stays open: its end would mean that no process waits
        return json.loads(process.stdout.readline())


def test_the_reader_can_open_its_input_and_the_libraries_and_nothing_else(
    outcomes: dict[str, str],
) -> None:
    allowed = {name for name, outcome in outcomes.items() if outcome == "allowed"}
    assert allowed == {"read the input", "read a module of the reader"}
    # The kernel says of a move between two folders that they are on different disks.
    others = {name: outcome for name, outcome in outcomes.items() if name not in allowed}
    moved = others.pop("move the output away")
    assert set(others.values()) == {"denied"}, others
    assert "Error" in moved or moved == "denied"


def test_every_kind_of_file_is_read_without_these_privileges(tmp_path: Path) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    contents = {
        "xls": sample_files.build_xls(sheets),
        "xlsx": sample_files.build_xlsx(sheets),
        "html": sample_files.build_html(sheets),
        "csv": sample_files.build_csv(list(sheets.values())[-1]),
        "spreadsheetml": sample_files.build_spreadsheetml(sheets),
    }
    contents["zip"] = sample_files.build_zip(
        {f"{number}.{kind}": content for number, (kind, content) in enumerate(contents.items())}
    )
    kinds = []
    for kind, content in contents.items():
        source = tmp_path / "source"
        source.write_bytes(content)
        read_file(source, tmp_path / "stored", work_folder=tmp_path)
        with StoredForm(tmp_path / "stored") as stored:
            kinds.append(stored.contents.kind)
            assert not stored.contents.unread_members
        assert source.read_bytes() == content, kind
    assert kinds == list(contents)


def test_a_reader_process_is_bound_for_its_whole_life(tmp_path: Path) -> None:
    source = tmp_path / "report.csv"
    source.write_bytes(sample_files.build_csv([("资源ID", "合规结果"), ("i-1", "合规")]))
    stop_readers()
    read_file(source, tmp_path / "stored", limits=Limits(seconds=50), work_folder=tmp_path)
    reader = Path(f"/proc/{find_reader(os.getpid())}")
    status = dict(line.split(":\t") for line in (reader / "status").read_text().splitlines())
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    limits = (reader / "limits").read_text().splitlines()
    processor_time = next(line for line in limits if line.startswith("Max cpu time"))
    assert processor_time.split()[3:5] == ["105", "106"]


def test_the_input_of_the_reader_is_gone_after_each_file(tmp_path: Path) -> None:
    source = tmp_path / "report.csv"
    source.write_bytes(sample_files.build_csv([("资源ID", "合规结果"), ("i-1", "合规")]))
    read_file(source, tmp_path / "stored", work_folder=tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    stop_readers()
    assert not folder.exists()


@pytest.mark.parametrize(
    "fault", ["text", [], {"code": "corrupt"}, {"code": "corrupt", "facts": {"code": 1}}, {}]
)
def test_any_answer_of_a_reader_that_is_no_fault_is_one_error(fault: Any) -> None:
    error = _make_error(1, fault, Limits())
    assert isinstance(error, WorkbookError)
    assert error.code == "killed"


def test_the_worker_says_once_at_its_start_what_the_kernel_does_not_offer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(privileges, "_get_landlock_version", lambda: 0)
    with caplog.at_level(logging.WARNING, "dashboard"):
        tasks.warn_of_missing_protections()
    assert "files (Landlock)" in caplog.text
