"""A file is read in a process of its own, and whatever happens to that process is one error here."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from dashboard.workbook import Limits, Reading, WorkbookError, process, read
from dashboard.workbook.limits import MIB
from dashboard.workbook.process import _environment
from tests import files

PATIENCE = 60.0


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "report.xls"
    path.write_bytes(files.xls(files.report(files.F1)))
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that takes a second or two."""
    path = tmp_path / "large.csv"
    path.write_bytes(files.csv(files.rows(120_000)["评估结果"]))
    return path


def test_the_stored_form_is_there_when_the_child_has_read_it(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "stored"
    read(source, target, account="42")
    with Reading(target) as reading:
        assert reading.contents.rows == 12
    assert {path.name for path in tmp_path.iterdir()} == {"report.xls", "stored"}


def test_a_refused_file_leaves_nothing_and_takes_nothing_away(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "stored"
    target.write_bytes(b"as before")
    source.write_bytes(files.OSS_ERROR)
    with pytest.raises(WorkbookError) as refused:
        read(source, target)
    assert (refused.value.code, refused.value.facts["oss_code"]) == ("oss_error", "AccessDenied")
    assert target.read_bytes() == b"as before"
    assert {path.name for path in tmp_path.iterdir()} == {"report.xls", "stored"}


def test_whatever_a_library_raises_is_one_error(source: Path, tmp_path: Path) -> None:
    content = bytearray(source.read_bytes())
    content[512:2048] = b"\xff" * 1536
    source.write_bytes(content)
    with pytest.raises(WorkbookError, match="corrupt"):
        read(source, tmp_path / "stored")


def test_a_file_that_takes_too_long_is_given_up(large: Path, tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(WorkbookError, match="timeout"):
        read(large, tmp_path / "stored", limits=Limits(seconds=0))
    assert time.monotonic() - begun < 30
    assert not (tmp_path / "stored").exists()


def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path: Path) -> None:
    source = tmp_path / "page.html"
    source.write_bytes(files.html({"甲": [("x" * 200,) * 10] * 20_000}))
    with pytest.raises(WorkbookError) as refused:
        read(source, tmp_path / "stored", limits=Limits(memory=180 * MIB))
    assert refused.value.code == "memory"


def test_a_child_that_is_killed_is_an_error_and_no_report(large: Path, tmp_path: Path) -> None:
    order = (
        "import sys; from pathlib import Path; from dashboard import workbook\n"
        "try: workbook.read(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except workbook.WorkbookError as fault: print(fault.code, fault.facts['signal'])"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", order, large, tmp_path / "stored"], stdout=subprocess.PIPE
    )
    os.kill(reader_of(parent.pid), 9)
    assert parent.communicate(timeout=PATIENCE)[0].split() == [b"killed", b"9"]
    assert not (tmp_path / "stored").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_the_child_dies_with_the_one_who_asked(large: Path, tmp_path: Path) -> None:
    order = "import sys; from pathlib import Path; from dashboard import workbook; workbook.read(*map(Path, sys.argv[1:]))"
    parent = subprocess.Popen([sys.executable, "-c", order, large, tmp_path / "stored"])
    reader = reader_of(parent.pid)
    server = child_of(parent.pid)
    parent.kill()
    parent.wait()
    assert ends(reader)
    assert ends(server)


def test_a_server_that_was_killed_is_an_error_and_takes_its_reader_along(
    large: Path, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool:
        process.dismiss()
        reading = pool.submit(read, large, tmp_path / "stored")
        reader = reader_of(os.getpid())
        os.kill(parent_of(reader), 9)
        with pytest.raises(WorkbookError, match="killed"):
            reading.result(timeout=PATIENCE)
    assert ends(reader)


def test_the_server_reads_on_whatever_became_of_the_file_before(
    source: Path, large: Path, tmp_path: Path
) -> None:
    process.dismiss()
    with pytest.raises(WorkbookError, match="timeout"):
        read(large, tmp_path / "first", limits=Limits(seconds=0))
    server = child_of(os.getpid())
    with pytest.raises(WorkbookError, match="cells"):
        read(large, tmp_path / "second", limits=Limits(cells=1))
    read(source, tmp_path / "third")
    assert child_of(os.getpid()) == server


def test_a_reader_reads_small_files_one_after_the_other_and_no_file_after_a_large_one_or_a_fault(
    source: Path, large: Path, tmp_path: Path
) -> None:
    process.dismiss()
    read(source, tmp_path / "first")
    reader = reader_of(os.getpid())
    read(source, tmp_path / "second")
    assert reader_of(os.getpid()) == reader
    with pytest.raises(WorkbookError, match="cells"):
        read(large, tmp_path / "third", limits=Limits(cells=1))
    assert ends(reader)
    read(source, tmp_path / "fourth")
    reader = reader_of(os.getpid())
    read(large, tmp_path / "fifth")
    assert ends(reader)


def test_a_reader_under_other_limits_is_another_one(source: Path, tmp_path: Path) -> None:
    process.dismiss()
    read(source, tmp_path / "first")
    reader = reader_of(os.getpid())
    read(source, tmp_path / "second", limits=Limits(seconds=7))
    assert ends(reader)
    assert reader_of(os.getpid()) != reader


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files where Linux lists them")
def test_readers_that_died_while_they_waited_are_replaced_and_leave_nothing_open(
    source: Path, tmp_path: Path
) -> None:
    process.dismiss()
    counts = []
    for number in range(3):
        read(source, tmp_path / f"stored-{number}")
        server, reader = child_of(os.getpid()), reader_of(os.getpid())
        counts.append(len(list(Path(f"/proc/{server}/fd").iterdir())))
        os.kill(reader, 9)
        assert ends(reader)
    assert len(set(counts)) == 1


def test_a_server_that_died_while_it_waited_is_replaced(source: Path, tmp_path: Path) -> None:
    process.dismiss()
    read(source, tmp_path / "first")
    server = child_of(os.getpid())
    os.kill(server, 9)
    assert ends(server)
    read(source, tmp_path / "second")
    assert child_of(os.getpid()) != server


def test_files_read_at_once_go_each_their_own_way(source: Path, tmp_path: Path) -> None:
    targets = [tmp_path / f"stored-{number}" for number in range(6)]
    with ThreadPoolExecutor(len(targets)) as pool:
        list(pool.map(lambda target: read(source, target), targets))
    assert len({target.read_bytes() for target in targets}) == 1
    assert len(process._idle) <= process.KEPT


def reader_of(asker: int) -> int:
    """The process that reads the asker's file: the child of its child."""
    return child_of(child_of(asker))


def child_of(parent: int) -> int:
    """Its child that has files read, or reads one; it may have others, such as the servers of other tests."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{parent}/task").iterdir():
            with suppress(
                FileNotFoundError, ProcessLookupError
            ):  # a thread or a child that ends meanwhile
                for child in (task / "children").read_text().split():
                    if b"dashboard.workbook.child" in Path(f"/proc/{child}/cmdline").read_bytes():
                        return int(child)
        time.sleep(0.01)
    raise AssertionError("no child")


def parent_of(child: int) -> int:
    return int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])


def ends(child: int) -> bool:
    """Whether it has ended before patience does."""
    deadline = time.monotonic() + PATIENCE
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(child)


def alive(child: int) -> bool:
    try:
        return Path(f"/proc/{child}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_no_secret_of_the_parent_reaches_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "very secret")
    assert "very secret" not in _environment().values()


def test_the_child_reads_without_django(source: Path, tmp_path: Path) -> None:
    order = {
        "source": str(source),
        "target": str(tmp_path / "stored"),
        "room": str(tmp_path),
        "account": "",
    }
    asked = (
        "import json, sys; from dashboard.workbook import child\n"
        "limits = dict(seconds=9, memory=9, cells=9999, bytes=10**6, uncompressed=10**6, members=9)\n"
        f"assert child.attempt({{**json.loads({json.dumps(json.dumps(order))}), 'limits': limits}}, []) is None\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'django', 'httpx', 'openpyxl', 'lxml'}))"
    )
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True)
    assert answer.stdout.strip() == b"[]"
