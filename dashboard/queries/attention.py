"""The packs that need attention: how many there are of each kind."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.queries.home_filter import HomeFilter, PackState


@dataclass(frozen=True)
class AttentionCard:
    """How many packs are in a state that needs attention.

    A number above zero is shown in the colour of `status`, the slug of a status. If `is_part` is
    true, the packs are among those of the card before.
    """

    state: PackState
    label: str | Promise
    status: str
    count: int
    is_part: bool = False


def count_packs_needing_attention() -> list[AttentionCard]:
    """Return a card with the number of packs for each state; each count reads one partial index."""
    cards = (
        (PackState.NEW, _("Packs with new failures"), "failing"),
        (PackState.NEW_HIGH, _("of these, of high risk"), "failing"),
        (PackState.FAILED, _("Last generation failed"), "insufficient-data"),
        (PackState.OVERDUE, _("No report for longer than usual"), "insufficient-data"),
        (PackState.NEVER, _("No report yet"), ""),
    )
    return [
        AttentionCard(
            state,
            label,
            status,
            HomeFilter(show=state).select_summaries().count(),
            is_part=state is PackState.NEW_HIGH,
        )
        for state, label, status in cards
    ]
