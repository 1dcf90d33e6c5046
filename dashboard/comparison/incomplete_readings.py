"""What a comparison must say where one of its reports was not read or not counted completely."""

from django.utils.translation import gettext as _

from dashboard.comparison.differences import Comparison
from dashboard.text.report_remarks import describe_uncounted


def list_incomplete_readings(comparison: Comparison) -> list[str]:
    """Return a text for each report of which something was not counted."""
    sides = [
        (comparison.older, _("The older report is incomplete: %(parts)s.")),
        (comparison.newer, _("The newer report is incomplete: %(parts)s.")),
    ]
    consequence = _("What it does not count may look new, gone or fixed here.")
    return [
        f"{text % {'parts': parts}} {consequence}"
        for report, text in sides
        if (parts := describe_uncounted(report))
    ]
