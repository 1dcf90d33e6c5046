"""History: the report files of the weeks before, which the live sandbox's first report continues."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from dashboard.sandbox import files
from dashboard.sandbox.estate import Estate, states
from dashboard.sandbox.resources import number

WEEK = timedelta(weeks=1)


def history(
    estate: Estate, weeks: int = 52, *, until: datetime, packs: Iterable[str] | None = None
) -> Iterator[tuple[str, bytes, datetime]]:
    """Yield (file name, bytes, time created) of each weekly report before `until`, pack by pack, oldest first.

    `until` must be aware. An estate with as many `past_weeks` goes on where this ends.
    """
    for pack_id in packs if packs is not None else estate.packs:
        plan = estate.packs[pack_id]
        for state in islice(states(plan, estate.seed), weeks):
            unpunctual = timedelta(minutes=number(pack_id, state.step) % 90)
            created_at = (until - (weeks - state.step) * WEEK + unpunctual).replace(
                second=0, microsecond=0
            )
            yield files.file_name(plan, created_at), files.build(state, created_at), created_at
