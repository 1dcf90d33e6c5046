"""Responses with an export: the file itself, or the page that announces one that takes long."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render

from dashboard.exports.tables import ExportTable
from dashboard.exports.writers import EXPORT_FORMATS, write_to_temporary_file
from dashboard.models import Report
from dashboard.views import Request
from dashboard.views.log import log_download

Item = TypeVar("Item")


def get_item_or_404(items: Mapping[str, Item], key: str) -> Item:
    try:
        return items[key]
    except KeyError as error:
        raise Http404 from error


def send_export(request: Request, table: ExportTable, kind: str, report: Report) -> FileResponse:
    """Send a table as a file, and log it with the report that it is of.

    The file is written before the response begins, so that a failure is an error page and never
    half a file, and while the user's language and time zone are in force.
    """
    export_format = get_item_or_404(EXPORT_FORMATS, kind)
    file_name = f"{table.file_stem}.{kind}"
    file = write_to_temporary_file(table, export_format.write)
    log_download(request, "export", report, file_name)
    return FileResponse(
        file, as_attachment=True, filename=file_name, content_type=export_format.content_type
    )


def render_preparing_page(
    request: Request, file_url: str, row_count: int, rows_per_second: int, context: dict[str, Any]
) -> HttpResponse:
    """Announce a file on a page that then loads it; redirect to a file that takes no second.

    The context names the pack, the title, the times of the reports, and the way back.
    """
    file_url = f"{file_url}?{request.GET.urlencode()}"
    if row_count <= rows_per_second:
        return redirect(file_url)
    seconds = max(2, round(row_count / rows_per_second))
    context = {**context, "file_url": file_url, "row_count": row_count, "seconds": seconds}
    return render(request, "export/preparing.html", context)
