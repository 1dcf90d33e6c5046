"""A file gives the same evaluations in any order, words, formats, encoding and kind."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings

from dashboard.workbook import parse_moment
from tests.workbook.disturbed_files import DrawnFile, build_undisturbed_file, draw_files
from tests.workbook.in_process import collect_states, read_bytes


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(file=draw_files())
def test_a_disturbed_file_says_what_the_undisturbed_one_says(
    file: DrawnFile, tmp_path: Path
) -> None:
    with read_bytes(build_undisturbed_file(), tmp_path) as stored:
        states = collect_states(stored)
        first, last = stored.contents.evaluated_from, stored.contents.evaluated_to
    with read_bytes(file.content, tmp_path) as stored:
        contents = stored.contents
        assert collect_states(stored) == states, contents.remarks
        assert (contents.rows, len(contents.rules)) == (6, 3)
        assert {remark.code for remark in contents.remarks} == file.remarks
        assert parse_moment(contents.evaluated_from) == parse_moment(first)
        assert parse_moment(contents.evaluated_to) == parse_moment(last)
