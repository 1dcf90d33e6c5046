"""How far bulk requests have come: how many of their packs wait, are asked, are ready."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q
from django.http import QueryDict

from dashboard.models import BulkRequest, RequestedPack
from dashboard.queries.home_filter import HomeFilter
from dashboard.queries.poll_times import compute_poll_seconds

State = RequestedPack.State
# The slug of the status whose icon and colour mark packs in this state.
STATE_SLUGS = {
    State.WAITING: "not-applicable",
    State.GENERATING: "under-way",
    State.READY: "compliant",
    State.FAILED: "failing",
    State.CANCELLED: "not-applicable",
    State.DROPPED: "not-applicable",
    State.LEFT_OUT: "not-applicable",
}
ENDED_STATES = (State.READY, State.FAILED, State.CANCELLED, State.DROPPED)


@dataclass(frozen=True)
class StateCount:
    """The number of packs of a bulk request in one state."""

    state: State
    slug: str
    count: int


@dataclass(frozen=True)
class BulkProgress:
    """A bulk request and the number of its packs in each state.

    `joined` packs share the run that another click or bulk request had created.
    """

    bulk_request: BulkRequest
    counts: Counter[str]
    joined: int

    @property
    def poll_seconds(self) -> int:
        """The seconds until the page asks again how far the bulk request has come."""
        return compute_poll_seconds([self.bulk_request.requested_at])

    @property
    def filter_words(self) -> str:
        """The filter that selected the packs, in words of the active language."""
        return HomeFilter.parse(QueryDict(self.bulk_request.filter_query)).describe()

    @property
    def total(self) -> int:
        """The packs of which a report was requested: all but those that were left out."""
        return self.counts.total() - self.left_out

    @property
    def left_out(self) -> int:
        return self.counts[State.LEFT_OUT]

    @property
    def asked(self) -> int:
        """The packs whose run was created or joined; it may have ended since."""
        return self.total - self.counts[State.WAITING] - self.counts[State.DROPPED]

    @property
    def ready(self) -> int:
        return self.counts[State.READY]

    @property
    def failed(self) -> int:
        return self.counts[State.FAILED]

    @property
    def ended(self) -> int:
        """The packs of which nothing more is expected."""
        return sum(self.counts[state] for state in ENDED_STATES)

    @property
    def state_counts(self) -> list[StateCount]:
        """The states in which packs are, in the order of a run; ready is always among them."""
        return [
            StateCount(state, STATE_SLUGS[state], self.counts[state])
            for state in State
            if self.counts[state] or state is State.READY
        ]


def load_progress(bulk_requests: Iterable[BulkRequest]) -> list[BulkProgress]:
    """Return how far these bulk requests have come, with one query for all of them."""
    requests_by_id = {bulk_request.pk: bulk_request for bulk_request in bulk_requests}
    rows = (
        RequestedPack.objects.filter(bulk_request__in=requests_by_id)
        .order_by()
        .values("bulk_request", "state")
        .annotate(packs=Count("pk"), joined_packs=Count("pk", filter=Q(joined=True)))
        .values_list("bulk_request", "state", "packs", "joined_packs")
    )
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    joined: Counter[int] = Counter()
    for pk, state, count, joined_count in rows if requests_by_id else ():
        counts[pk][state] = count
        joined[pk] += joined_count
    return [
        BulkProgress(bulk_request, counts[pk], joined[pk])
        for pk, bulk_request in requests_by_id.items()
    ]


def load_uncancelled_progress() -> list[BulkProgress]:
    """Return the progress of the bulk requests under way and not cancelled, newest first."""
    under_way = BulkRequest.objects.under_way().filter(cancelled_at=None)
    return load_progress(under_way.prefetch_related("requested_by"))  # most often there is none
