"""A file is read in a process of its own; what happens to that process is one error here."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from dashboard.workbook import Limits, StoredForm, WorkbookError, read_file, reader_client
from dashboard.workbook.limits import MIB
from dashboard.workbook.reader_client import _build_environment
from tests import result_lists, sample_files

TIMEOUT = 60.0


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "report.xls"
    path.write_bytes(
        sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING))
    )
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that takes a second or two."""
    path = tmp_path / "large.csv"
    path.write_bytes(sample_files.build_csv(sample_files.build_status_sheet(120_000)["评估结果"]))
    return path


def test_the_stored_form_is_there_when_the_child_has_read_it(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "stored"
    read_file(source, target, account="42")
    with StoredForm(target) as stored:
        assert stored.contents.rows == 12
    assert {path.name for path in tmp_path.iterdir()} == {"report.xls", "stored"}


def test_a_refused_file_leaves_nothing_and_takes_nothing_away(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "stored"
    target.write_bytes(b"as before")
    source.write_bytes(sample_files.OSS_ERROR)
    with pytest.raises(WorkbookError) as error_info:
        read_file(source, target)
    assert (error_info.value.code, error_info.value.facts["oss_code"]) == (
        "oss_error",
        "AccessDenied",
    )
    assert target.read_bytes() == b"as before"
    assert {path.name for path in tmp_path.iterdir()} == {"report.xls", "stored"}


def test_whatever_a_library_raises_is_one_error(source: Path, tmp_path: Path) -> None:
    content = bytearray(source.read_bytes())
    content[512:2048] = b"\xff" * 1536
    source.write_bytes(content)
    with pytest.raises(WorkbookError, match="corrupt"):
        read_file(source, tmp_path / "stored")


def test_a_file_that_takes_too_long_is_given_up(large: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(WorkbookError, match="timeout"):
        read_file(large, tmp_path / "stored", limits=Limits(seconds=0))
    assert time.monotonic() - started < 30
    assert not (tmp_path / "stored").exists()


def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path: Path) -> None:
    source = tmp_path / "page.html"
    source.write_bytes(sample_files.build_html({"甲": [("x" * 200,) * 10] * 20_000}))
    with pytest.raises(WorkbookError) as error_info:
        read_file(source, tmp_path / "stored", limits=Limits(memory=180 * MIB))
    assert error_info.value.code == "memory"


def test_a_child_that_is_killed_is_an_error_and_no_report(large: Path, tmp_path: Path) -> None:
    order = (
        "import sys; from pathlib import Path; from dashboard import workbook\n"
        "try: workbook.read_file(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except workbook.WorkbookError as fault: print(fault.code, fault.facts['signal'])"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", order, large, tmp_path / "stored"], stdout=subprocess.PIPE
    )
    os.kill(find_reader(parent.pid), 9)
    assert parent.communicate(timeout=TIMEOUT)[0].split() == [b"killed", b"9"]
    assert not (tmp_path / "stored").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_the_child_dies_with_the_one_who_asked(large: Path, tmp_path: Path) -> None:
    order = (
        "import sys; from pathlib import Path; from dashboard import workbook\n"
        "workbook.read_file(*map(Path, sys.argv[1:]))"
    )
    parent = subprocess.Popen([sys.executable, "-c", order, large, tmp_path / "stored"])
    reader = find_reader(parent.pid)
    server = find_child(parent.pid)
    parent.kill()
    parent.wait()
    assert wait_for_end(reader)
    assert wait_for_end(server)


def test_a_server_that_was_killed_is_an_error_and_takes_its_reader_along(
    large: Path, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool:
        reader_client.stop_readers()
        reading = pool.submit(read_file, large, tmp_path / "stored")
        reader = find_reader(os.getpid())
        os.kill(find_parent(reader), 9)
        with pytest.raises(WorkbookError, match="killed"):
            reading.result(timeout=TIMEOUT)
    assert wait_for_end(reader)


def test_the_server_reads_on_whatever_became_of_the_file_before(
    source: Path, large: Path, tmp_path: Path
) -> None:
    reader_client.stop_readers()
    with pytest.raises(WorkbookError, match="timeout"):
        read_file(large, tmp_path / "first", limits=Limits(seconds=0))
    server = find_child(os.getpid())
    with pytest.raises(WorkbookError, match="cells"):
        read_file(large, tmp_path / "second", limits=Limits(cells=1))
    read_file(source, tmp_path / "third")
    assert find_child(os.getpid()) == server


def test_a_reader_reads_small_files_until_a_large_one_or_a_fault_ends_it(
    source: Path, large: Path, tmp_path: Path
) -> None:
    reader_client.stop_readers()
    read_file(source, tmp_path / "first", work_folder=tmp_path)
    reader = find_reader(os.getpid())
    read_file(source, tmp_path / "second", work_folder=tmp_path)
    assert find_reader(os.getpid()) == reader
    with pytest.raises(WorkbookError, match="cells"):
        read_file(large, tmp_path / "third", work_folder=tmp_path, limits=Limits(cells=1))
    assert wait_for_end(reader)
    read_file(source, tmp_path / "fourth", work_folder=tmp_path)
    reader = find_reader(os.getpid())
    read_file(large, tmp_path / "fifth", work_folder=tmp_path)
    assert wait_for_end(reader)


def test_a_reader_under_other_limits_is_another_one(source: Path, tmp_path: Path) -> None:
    reader_client.stop_readers()
    read_file(source, tmp_path / "first", work_folder=tmp_path)
    reader = find_reader(os.getpid())
    read_file(source, tmp_path / "second", work_folder=tmp_path, limits=Limits(seconds=7))
    assert wait_for_end(reader)
    assert find_reader(os.getpid()) != reader


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files where Linux lists them")
def test_readers_that_died_while_they_waited_are_replaced_and_leave_nothing_open(
    source: Path, tmp_path: Path
) -> None:
    reader_client.stop_readers()
    counts = []
    for number in range(3):
        read_file(source, tmp_path / f"stored-{number}")
        server, reader = find_child(os.getpid()), find_reader(os.getpid())
        counts.append(len(list(Path(f"/proc/{server}/fd").iterdir())))
        os.kill(reader, 9)
        assert wait_for_end(reader)
    assert len(set(counts)) == 1


def test_a_server_that_died_while_it_waited_is_replaced(source: Path, tmp_path: Path) -> None:
    reader_client.stop_readers()
    read_file(source, tmp_path / "first")
    server = find_child(os.getpid())
    os.kill(server, 9)
    assert wait_for_end(server)
    read_file(source, tmp_path / "second")
    assert find_child(os.getpid()) != server


def test_a_folder_of_a_reader_of_which_a_part_is_missing_is_made_again(
    source: Path, tmp_path: Path
) -> None:
    """As after a disk that was full when the folder was made: the next file is read."""
    work_folder = tmp_path / "incoming"
    work_folder.mkdir()
    for name in reader_client.SUBFOLDERS:
        read_file(source, tmp_path / "stored", work_folder=work_folder)
        for folder in work_folder.glob("*"):
            (folder / name).rmdir()
    read_file(source, tmp_path / "stored", work_folder=work_folder)


def test_files_read_at_once_go_each_their_own_way(source: Path, tmp_path: Path) -> None:
    targets = [tmp_path / f"stored-{number}" for number in range(6)]
    with ThreadPoolExecutor(len(targets)) as pool:
        list(pool.map(lambda target: read_file(source, target), targets))
    assert len({target.read_bytes() for target in targets}) == 1
    assert len(reader_client._idle_servers) <= reader_client.MAXIMUM_IDLE_SERVERS


def find_reader(asker: int) -> int:
    """Return the reader process of `asker`: the child of its server."""
    return find_child(find_child(asker))


def find_child(parent: int) -> int:
    """Wait for a child process that is a server or a reader, and return it."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{parent}/task").iterdir():
            # A thread or a child may end meanwhile.
            with suppress(FileNotFoundError, ProcessLookupError):
                for child in (task / "children").read_text().split():
                    command = Path(f"/proc/{child}/cmdline").read_bytes()
                    if b"dashboard.workbook.reader_server" in command:
                        return int(child)
        time.sleep(0.01)
    raise AssertionError("no child")


def find_parent(child: int) -> int:
    return int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])


def wait_for_end(child: int) -> bool:
    """Return whether the process ends in time."""
    deadline = time.monotonic() + TIMEOUT
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(child)


def is_alive(child: int) -> bool:
    try:
        return Path(f"/proc/{child}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_no_secret_of_the_parent_reaches_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "very secret")
    assert "very secret" not in _build_environment().values()


def test_the_child_reads_without_django(source: Path, tmp_path: Path) -> None:
    order = {
        "source": str(source),
        "target": str(tmp_path / "stored"),
        "room": str(tmp_path),
        "account": "",
        "limits": dataclasses.asdict(Limits()),
    }
    script = (
        "import json, sys; from dashboard.workbook import reader_server\n"
        "assert reader_server.execute_order(json.loads(sys.argv[1]), []) is None\n"
        "packages = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(packages & {'django', 'httpx', 'openpyxl', 'lxml'}))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, json.dumps(order)], capture_output=True, check=True
    )
    assert answer.stdout.strip() == b"[]"


def test_the_reader_process_reads_the_list_of_evaluation_results_too(tmp_path: Path) -> None:
    source, results = tmp_path / "source", tmp_path / "list"
    source.write_bytes(result_lists.build_documented_file(sample_files.SOME_FAILING))
    results.write_bytes(
        result_lists.build_list(result_lists.build_results(sample_files.SOME_FAILING))
    )
    account = sample_files.ACCOUNT_UID
    read_file(source, tmp_path / "stored", account=account, results=results)
    with StoredForm(tmp_path / "stored") as stored:
        assert stored.contents.rows == 12
    results.write_bytes(b"no list")
    with pytest.raises(WorkbookError, match="evaluation results") as caught:
        read_file(source, tmp_path / "stored", account=account, results=results)
    read_file(source, tmp_path / "stored", account=account, results_error=caught.value)
    with StoredForm(tmp_path / "stored") as stored:
        assert stored.contents.rows == 3
        assert stored.contents.results
        assert stored.contents.results.error_code == "corrupt"
        assert stored.contents.results.error_facts["part"] == "evaluation results"
        assert [remark.code for remark in stored.contents.remarks] == ["results_unread"]
