"""Convert a report file, or all report files in a zip (its members), to one stored form."""

from pathlib import Path

from .contents import READER_VERSION, Contents, ZipMember
from .errors import WorkbookError
from .file_conversion import FileConversion
from .limits import Limits
from .protection import detect_unprotected_kind
from .result_collector import ResultsSource
from .stored_form import StoredFileWriter
from .zip_members import (
    UnpackedZip,
    add_member_to_errors,
    find_whole_error,
    unpack_members,
)

# Errors that are never of one member of a zip alone.
WHOLE_FILE_CODES = ("too_many_cells", "memory")


def convert_file(
    source: Path,
    target: Path,
    folder: Path,
    account: str,
    limits: Limits,
    results: ResultsSource | None = None,
) -> object:
    """Read `source` and write its stored form to `target`.

    `folder` is an empty folder into which a zip is unpacked. Rows that name no account belong to
    `account`. `results` are the evaluation results beside the file. Raise WorkbookError, or any
    error of the libraries that read the file.
    Return an object that keeps everything in memory: freeing it takes time, and a process that is
    about to end need not do it.
    """
    kind, source = detect_unprotected_kind(source, folder / "unprotected", limits)
    contents = Contents(READER_VERSION, kind)
    if contents.kind == "zip":
        unpacked = unpack_members(source, folder, limits)
        return _convert_members(unpacked, target, account, limits, folder, results)
    with StoredFileWriter(target) as writer:
        conversion = FileConversion(contents, writer, limits, account, folder, results)
        conversion.read_result_rules()
        conversion.add_file(path=source)
        conversion.finish()
    return conversion


def _convert_members(
    unpacked: UnpackedZip,
    target: Path,
    account: str,
    limits: Limits,
    folder: Path,
    results: ResultsSource | None,
) -> object:
    """Write the stored form of the members of a zip that can be read, and name the others.

    A member may turn out to be unreadable when a part of it is already stored. Then all is written
    once more, without the members that cannot be read. Raise WorkbookError if none can be read.
    Return an object that keeps everything in memory, as `convert_file` does.
    """
    while unpacked.members:
        contents = Contents(READER_VERSION, "zip", unread_members=unpacked.unread_members)
        readable_members: list[tuple[ZipMember, Path]] = []
        with StoredFileWriter(target) as writer:
            conversion = FileConversion(contents, writer, limits, account, folder, results)
            conversion.read_result_rules()
            for member, path in unpacked.members:
                try:
                    with add_member_to_errors(member.name):
                        conversion.add_member(path, member)
                except WorkbookError as error:
                    if error.code in WHOLE_FILE_CODES:
                        raise
                    unpacked.add_unread(member.name, error)
                else:
                    readable_members.append((member, path))
            if len(readable_members) == len(unpacked.members):
                conversion.finish()
                return conversion
        unpacked.members = readable_members
    raise find_whole_error(unpacked.unread_members)
