"""The filter of a comparison's rows, parsed from a query string.

A bucket is a kind of change, for example "fixed".
"""

from dataclasses import dataclass
from typing import ClassVar

from django import forms

from dashboard.comparison.buckets import Bucket
from dashboard.comparison.change_reasons import ChangeDirection, ChangeReason
from dashboard.comparison.differences import Change
from dashboard.queries.filters import TableFilter, TableFilterForm


class ComparisonFilterForm(TableFilterForm):
    """Parse the query parameters of a comparison."""

    bucket = forms.TypedChoiceField(
        required=False, choices=[(name, name) for name in Bucket], coerce=Bucket, empty_value=None
    )
    direction = forms.TypedChoiceField(
        required=False,
        choices=[(name, name) for name in ChangeDirection],
        coerce=ChangeDirection,
        empty_value=None,
    )
    reason = forms.TypedChoiceField(
        required=False,
        choices=[(name, name) for name in ChangeReason],
        coerce=ChangeReason,
        empty_value=None,
    )


@dataclass(frozen=True)
class ComparisonFilter(TableFilter):
    """The conditions on the rows of a comparison; without any it selects all changes."""

    form_class: ClassVar[type[forms.Form]] = ComparisonFilterForm
    conditions: ClassVar[tuple[str, ...]] = (
        "bucket", "direction", "reason", "risk", "rule", "q",
    )  # fmt: skip

    bucket: Bucket | None = None
    direction: ChangeDirection | None = None
    reason: ChangeReason | None = None

    @property
    def has_reason(self) -> bool:
        """Whether the filter has a direction or a reason."""
        return bool(self.direction or self.reason)

    def matches_reason(self, change: Change[int]) -> bool:
        """Return whether the change came, left or has the reason that the filter names."""
        if not self.has_reason:
            return True
        if change.reason is None:
            return False
        return self.reason in (None, change.reason) and self.direction in (
            None,
            change.reason.direction,
        )
