"""The menu of export formats on a page."""

from collections.abc import Mapping
from typing import NamedTuple

from django.urls import reverse

from dashboard.exports.writers import EXPORT_FORMATS


class ExportChoice(NamedTuple):
    """A format in the menu.

    The link is `file_url` or, if the table has more than `rows_per_second` rows, `preparing_url`:
    a page that announces a file which takes long.
    """

    label: str
    file_url: str
    preparing_url: str
    rows_per_second: int


def list_export_choices(
    url_name: str, rows_per_second: Mapping[str, int], **url_arguments: int
) -> list[ExportChoice]:
    """Return a menu entry for each export format.

    `url_name` is the URL name of the file; the name of the page that announces a large file is
    the same with "-preparing" at its end. `rows_per_second` has a number for each format.
    """
    choices = []
    for kind, export_format in EXPORT_FORMATS.items():
        arguments = {**url_arguments, "kind": kind}
        choices.append(
            ExportChoice(
                label=export_format.label,
                file_url=reverse(url_name, kwargs=arguments),
                preparing_url=reverse(f"{url_name}-preparing", kwargs=arguments),
                rows_per_second=rows_per_second[kind],
            )
        )
    return choices
