"""Save the progress of a step only while this worker has the claim of its report."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction

from dashboard.models import Report


class ClaimLostError(Exception):
    """The run was cancelled, or another worker has its claim: nothing more may be written."""


@contextmanager
def save_while_claimed(report: Report) -> Iterator[None]:
    """Run the block in a transaction in which no other worker can save a step of the report.

    Raise ClaimLostError if this worker lost its claim.
    """
    with transaction.atomic():
        # This locks the row until the end of the transaction.
        if not report.renew_claim(settings.LEASE_SECONDS):
            raise ClaimLostError
        yield
