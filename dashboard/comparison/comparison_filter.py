"""What a reader asked a comparison to show."""

from dataclasses import dataclass
from typing import ClassVar

from django import forms

from dashboard.comparison.differences import Bucket
from dashboard.queries.filters import TableFilter, TableFilterForm


class ComparisonFilterForm(TableFilterForm):
    """Parse the parameters of a comparison."""

    bucket = forms.TypedChoiceField(
        required=False, choices=[(name, name) for name in Bucket], coerce=Bucket, empty_value=None
    )


@dataclass(frozen=True)
class ComparisonFilter(TableFilter):
    """The rows of a comparison that are shown; without a bucket, all that changed."""

    form_class: ClassVar[type[forms.Form]] = ComparisonFilterForm
    conditions: ClassVar[tuple[str, ...]] = ("bucket", "risk", "rule", "q")

    bucket: Bucket | None = None
