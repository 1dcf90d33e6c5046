"""What is known of a file that cannot be read, beyond its error code: its kind, a size, a name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from dashboard.text.formatting import format_number, format_size

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Message = tuple["StrPromise", "StrPromise", "StrPromise"]
# Title, meaning and next step for the kinds of file that are recognised but not read.
UNKNOWN_KINDS: dict[str, Message] = {
    "xlsb": (
        _("The file is a binary workbook (.xlsb)"),
        _("Workbooks of this kind are not read here. The original is kept as it came."),
        _("Open it in Excel, save it as .xlsx, and import that file."),
    ),
    "ods": (
        _("The file is an OpenDocument table (.ods)"),
        _("Tables of this kind are not read here. The original is kept as it came."),
        _("Open it in a spreadsheet program, save it as .xlsx, and import that file."),
    ),
    "zip": (
        _("The zip contains another zip"),
        _("A zip inside a zip is not unpacked here. The original is kept as it came."),
        _("Unpack the inner zip, and import the files in it."),
    ),
    "package without a workbook": (
        _("The file is an Office document, but no workbook"),
        _("It may be a text or a presentation. The original is kept as it came."),
        _("Save the table as .xlsx, and import that file."),
    ),
    "json": (
        _("The file is JSON, but no export of a report's resources"),
        _("Of all JSON files only this product's own export of resources is read here."),
        _("Export the resources of a report as JSON, CSV or Excel, and import that file."),
    ),
}
IMPORT_ADVICE = _("If you imported the file, get a new copy from its source and import that.")
# After these errors a fresh copy of an imported file may help.
FRESH_COPY_CODES = frozenset(
    {"empty", "truncated", "corrupt", "unknown", "error_page", "oss_error", "bomb"}
)
_MEMBER = _("It is the file “%(member)s” in the zip.")
_TITLE = _("The page is titled “%(title)s”.")
_OSS_CODE = _("The storage answered %(oss_code)s.")
_SIZE = _("It has %(bytes)s; the limit is %(limit)s.")
_LIMIT = _("The limit is %(limit)s.")
_SECONDS = _("The limit is %(seconds)s seconds.")


def find_kind_message(code: str, facts: Mapping[str, object]) -> Message | None:
    """Return the message for a kind of file that is not read; None if the kind is not known."""
    return UNKNOWN_KINDS.get(str(facts.get("kind"))) if code == "unknown" else None


def list_file_details(code: str, facts: Mapping[str, object]) -> list[str]:
    """Return sentences with what the facts of a WorkbookError tell."""
    sentences = []
    if code in ("too_large", "bomb") and {"bytes", "limit"} <= facts.keys():
        values = {name: format_size(int(str(facts[name]))) for name in ("bytes", "limit")}
        sentences.append(_SIZE % values)
    if code in ("too_many_members", "too_many_cells") and "limit" in facts:
        sentences.append(_LIMIT % {"limit": format_number(int(str(facts["limit"])))})
    if code == "timeout" and "seconds" in facts:
        sentences.append(_SECONDS % {"seconds": facts["seconds"]})
    if code == "error_page" and facts.get("title"):
        sentences.append(_TITLE % {"title": facts["title"]})
    if code == "oss_error" and facts.get("oss_code"):
        sentences.append(_OSS_CODE % {"oss_code": facts["oss_code"]})
    if facts.get("member"):
        sentences.append(_MEMBER % {"member": facts["member"]})
    return sentences
