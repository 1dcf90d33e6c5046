"""Collect what the overviews of a file, or of the members of a zip, state."""

from .column_words import COUNT_MEANINGS
from .contents import Contents
from .overview import OverviewContents, find_pack_id
from .times import is_before


class OverviewCollector:
    """Adds overviews to the contents of a file."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._has_overview = False
        self._failing_by_risk: dict[int, int] = {}  # that the overviews state

    def add(self, overview: OverviewContents) -> None:
        """Add what an overview states to the contents.

        Overviews of several members that differ in their basis have none.
        """
        contents = self._contents
        for meaning in ("total", *COUNT_MEANINGS):
            if meaning in overview.counts:
                count = contents.stated.get(meaning, 0) + overview.counts[meaning]
                contents.stated[meaning] = count
        for name, count in overview.tallies.items():
            contents.stated_tallies[name] = contents.stated_tallies.get(name, 0) + count
        for risk, count in overview.failing_by_risk.items():
            self._failing_by_risk[risk] = self._failing_by_risk.get(risk, 0) + count
        is_first = not self._has_overview
        self._has_overview = True
        is_same_basis = is_first or overview.basis == contents.stated_basis
        contents.stated_basis = overview.basis if is_same_basis else ""
        contents.pack_id = contents.pack_id or find_pack_id(overview.values.get("pack_id", ""))
        contents.pack_name = contents.pack_name or overview.values.get("pack_name", "")
        if not contents.created_at or is_before(contents.created_at, overview.created_at):
            contents.created_at = overview.created_at

    def add_sum_of_risks(self) -> None:
        """Add the sum of the overview's failing resources by risk to the stated counts.

        It is the number of resources only if none of them fails rules of two risks.
        """
        contents = self._contents
        resources_by_risk = contents.failing_resources_by_risk
        is_disjoint = sum(resources_by_risk.values()) == contents.failing_resources
        if self._failing_by_risk and is_disjoint and "non_compliant" not in contents.stated:
            contents.stated["non_compliant"] = sum(self._failing_by_risk.values())
