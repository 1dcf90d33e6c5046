"""The report files of past weeks, for a demo with a history.

The reports that the running sandbox generates continue the same history.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from dashboard.sandbox.cloud_state import CloudState, iterate_pack_states
from dashboard.sandbox.report_files import build_report_file, build_report_file_name
from dashboard.sandbox.resources import hash_to_number

WEEK = timedelta(weeks=1)


def build_past_report_files(
    cloud_state: CloudState,
    weeks: int = 52,
    *,
    until: datetime,
    packs: Iterable[str] | None = None,
) -> Iterator[tuple[str, bytes, datetime]]:
    """Yield (file name, content, creation time) of weekly reports, pack by pack, oldest first.

    All creation times are before `until`, which must have a time zone. `packs` are pack ids, None
    for all packs. A CloudState whose `past_weeks` equals `weeks` continues after these reports.
    """
    for pack_id in packs if packs is not None else cloud_state.packs:
        pack = cloud_state.packs[pack_id]
        for state in islice(iterate_pack_states(pack, cloud_state.seed), weeks):
            created_at = compute_past_report_time(pack_id, state.step, weeks, until)
            file_name = build_report_file_name(pack, created_at)
            yield file_name, build_report_file(state, created_at), created_at


def compute_past_report_time(pack_id: str, step: int, weeks: int, until: datetime) -> datetime:
    """Return the creation time of the report `step` of the `weeks` weekly reports before `until`.

    The packs have different times, as if people had requested the reports.
    """
    delay = timedelta(minutes=hash_to_number(pack_id, step) % 90)
    return (until - (weeks - step) * WEEK + delay).replace(second=0, microsecond=0)
