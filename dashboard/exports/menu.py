"""The menu of export formats on a page."""

from collections.abc import Mapping
from typing import NamedTuple

from django.urls import reverse

from dashboard.exports.writers import EXPORT_FORMATS


class ExportChoice(NamedTuple):
    """A format in the menu.

    More rows than are written in a second are announced by the page at `preparing_url`.
    """

    label: str
    file_url: str
    preparing_url: str
    rows_per_second: int


def list_export_choices(
    url_name: str, rows_per_second: Mapping[str, int], **url_arguments: int
) -> list[ExportChoice]:
    """Return the formats of a table; the page that announces a file is named `...-preparing`."""
    choices = []
    for kind, export_format in EXPORT_FORMATS.items():
        arguments = {**url_arguments, "kind": kind}
        choices.append(
            ExportChoice(
                export_format.label,
                reverse(url_name, kwargs=arguments),
                reverse(f"{url_name}-preparing", kwargs=arguments),
                rows_per_second[kind],
            )
        )
    return choices
