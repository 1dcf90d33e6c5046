"""The numbers that a newer version of the reader has changed, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from dashboard.models import Status
from dashboard.text.formatting import format_number

NUMBER_LABELS = {
    "rules": _("rules"),
    "rows": _("rows"),
    **{status.field: status.label for status in Status},
    "failing_high": _("non-compliant with high risk"),
    "failing_medium": _("non-compliant with medium risk"),
    "failing_low": _("non-compliant with low risk"),
}


def describe_number_changes(facts: Mapping[str, Any]) -> str:
    """Return each changed number before and after: "rows 12 → 10"; see ledger.reading_changes."""
    return str(_(", ")).join(
        f"{label} {format_number(facts[before])} → {format_number(facts[f'{name}_after'])}"
        for name, label in NUMBER_LABELS.items()
        if (before := f"{name}_before") in facts
    )
