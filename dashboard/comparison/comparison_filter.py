"""The filter of a comparison's rows, parsed from a query string.

A bucket is a kind of change, for example "fixed".
"""

from dataclasses import dataclass
from typing import ClassVar

from django import forms

from dashboard.comparison.buckets import Bucket
from dashboard.queries.filters import TableFilter, TableFilterForm


class ComparisonFilterForm(TableFilterForm):
    """Parse the query parameters of a comparison."""

    bucket = forms.TypedChoiceField(
        required=False, choices=[(name, name) for name in Bucket], coerce=Bucket, empty_value=None
    )


@dataclass(frozen=True)
class ComparisonFilter(TableFilter):
    """The conditions on the rows of a comparison; without a bucket, all changes match."""

    form_class: ClassVar[type[forms.Form]] = ComparisonFilterForm
    conditions: ClassVar[tuple[str, ...]] = ("bucket", "risk", "rule", "q")

    bucket: Bucket | None = None
