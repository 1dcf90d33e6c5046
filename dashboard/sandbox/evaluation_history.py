"""The history of evaluations: at which report each last began to fail, was fixed or was ignored.

Steps are the numbers of a pack's reports (see pack_state); evaluation_times gives their times.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from dashboard.sandbox.statuses import IGNORED, NON_COMPLIANT

EvaluationKey = tuple[str, str]  # rule id and resource id


@dataclass(frozen=True, slots=True)
class EvaluationHistory:
    """The steps at which an evaluation got its statuses last; None where it never did."""

    failing_step: int | None = None
    """The step at which it began to fail; it stays the same while the evaluation fails."""
    fixed_step: int | None = None
    """The step at which a failing evaluation became compliant."""
    ignored_step: int | None = None

    @property
    def changed_step(self) -> int | None:
        """The step of the latest change."""
        return max(
            (
                step
                for step in (self.failing_step, self.fixed_step, self.ignored_step)
                if step is not None
            ),
            default=None,
        )


NO_HISTORY = EvaluationHistory()
Histories = Mapping[EvaluationKey, EvaluationHistory]


def extend_histories(
    histories: Histories,
    old_statuses: Mapping[EvaluationKey, str],
    new_statuses: Mapping[EvaluationKey, str],
    step: int,
    rule_ids: Collection[str],
) -> dict[EvaluationKey, EvaluationHistory]:
    """Return the histories after the step at which the statuses changed from old to new.

    In the statuses, compliant evaluations are left out. Only the histories of `rule_ids` are kept,
    so that a rule which a pack lost and gets again begins without a history.
    """
    extended = {key: history for key, history in histories.items() if key[0] in rule_ids}
    for key, status in new_statuses.items():
        if status == old_statuses.get(key):
            continue
        history = extended.get(key, NO_HISTORY)
        if status == NON_COMPLIANT:
            extended[key] = replace(history, failing_step=step)
        elif status == IGNORED:
            # What is ignored has failed, even if it was never seen failing.
            failing_step = step if history.failing_step is None else history.failing_step
            extended[key] = replace(history, failing_step=failing_step, ignored_step=step)
    for key, status in old_statuses.items():
        if status == NON_COMPLIANT and key not in new_statuses and key[0] in rule_ids:
            extended[key] = replace(extended.get(key, NO_HISTORY), fixed_step=step)
    return extended
