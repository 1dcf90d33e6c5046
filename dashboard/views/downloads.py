"""Answer with a file: an export, the page that announces a long one, a file of the archive."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render

from dashboard.archive import originals
from dashboard.exports.tables import ExportTable
from dashboard.exports.writers import EXPORT_FORMATS, write_to_temporary_file
from dashboard.models import Original, Report
from dashboard.views import Request
from dashboard.views.log import log_download

Item = TypeVar("Item")


def get_item_or_404(items: Mapping[str, Item], key: str) -> Item:
    """Return items[key]; raise Http404 if there is no such key."""
    try:
        return items[key]
    except KeyError as error:
        raise Http404 from error


def send_export(request: Request, table: ExportTable, kind: str, report: Report) -> FileResponse:
    """Send a table as a file, and add the download to the audit log of `report`.

    `kind` is the file format: a key of EXPORT_FORMATS and the suffix of the file name. The whole
    file is written before the response begins: an error then gives an error page and not half a
    file, and the user's language and time zone are still active.
    """
    export_format = get_item_or_404(EXPORT_FORMATS, kind)
    file_name = f"{table.file_stem}.{kind}"
    file = write_to_temporary_file(table, export_format.write)
    log_download(request, "export", report, file_name)
    return FileResponse(
        file, as_attachment=True, filename=file_name, content_type=export_format.content_type
    )


def send_original(original: Original, file_name: str, content_type: str) -> FileResponse:
    """Send a file of the archive, unchanged and under this name.

    Raises DamagedOriginalError if it is not what was stored.
    """
    file = originals.open_verified_original(original)
    response = FileResponse(file, as_attachment=True, filename=file_name, content_type=content_type)
    response["Content-Length"] = str(original.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["ETag"] = f'"{original.sha256}"'
    return response


def render_preparing_page(
    request: Request, file_url: str, row_count: int, rows_per_second: int, context: dict[str, Any]
) -> HttpResponse:
    """Show the page that announces a file which takes longer than a second, and then loads it.

    `context` has the keys pack, title, times (of the reports), back_url and back_label.
    """
    context = {
        **context,
        "file_url": f"{file_url}?{request.GET.urlencode()}",
        "row_count": row_count,
        "seconds": max(2, round(row_count / rows_per_second)),
    }
    return render(request, "export/preparing.html", context)
