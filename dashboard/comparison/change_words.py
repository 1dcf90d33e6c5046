"""Describe a change in words, and summarize a comparison as sentences for an e-mail."""

from django.utils.translation import gettext as _

from dashboard.comparison.buckets import Bucket
from dashboard.comparison.change_reasons import ChangeDirection, describe_reason_counts
from dashboard.comparison.differences import Comparison
from dashboard.models import Account, Status
from dashboard.text.formatting import format_number, format_rate, format_time
from dashboard.text.rates import NamedRate, build_evaluation_rate, build_resource_rate


def describe_change(
    older_lists_compliant: bool,
    newer_lists_compliant: bool,
    old_status: Status | None,
    new_status: Status | None,
    bucket: Bucket,
    rule_added: bool,
    rule_removed: bool,
) -> str:
    """Return a change in words: "was compliant, now non-compliant"."""
    old = str(old_status.label).lower() if old_status else ""
    new = str(new_status.label).lower() if new_status else ""
    if old_status == new_status:
        return _("still %(status)s") % {"status": new}
    if old_status is None:
        if rule_added:
            text = _("rule is new: first evaluated, %(new)s")
        elif bucket is Bucket.NOT_COMPARABLE:
            text = _("the older file lists no such rows, now %(new)s")
        elif older_lists_compliant:
            text = _("first seen, %(new)s")
        else:
            text = _("not reported before, now %(new)s")
    elif new_status is None:
        if rule_removed:
            text = _("was %(old)s, its rule was removed")
        elif bucket is Bucket.NOT_COMPARABLE:
            text = _("was %(old)s, the newer file lists no such rows")
        elif newer_lists_compliant:
            text = _("was %(old)s, not in this report")
        else:
            text = _("was %(old)s, no longer reported")
    else:
        text = _("was %(old)s, now %(new)s")
    return text % {"old": old, "new": new}


def summarize_changes(comparison: Comparison) -> str:
    """Return what changed as sentences for a mail: pack, times, rates, what came and what left."""
    older, newer = comparison.older, comparison.newer
    assert older.created_at is not None  # noqa: S101  # ready reports have an evidence time
    assert newer.created_at is not None  # noqa: S101  # ready reports have an evidence time
    text = _(
        "%(account)s · %(pack)s, %(older_time)s to %(newer_time)s: "
        "evaluation rate %(evaluation_rates)s, resource rate %(resource_rates)s."
    )
    sentences = [
        text
        % {
            "account": describe_account(newer.pack.account),
            "pack": newer.pack.name,
            "older_time": format_time(older.created_at),
            "newer_time": format_time(newer.created_at),
            "evaluation_rates": describe_both_rates(*map(build_evaluation_rate, (older, newer))),
            "resource_rates": describe_both_rates(*map(build_resource_rate, (older, newer))),
        },
        describe_failing_sum(comparison),
    ]
    if comparison.listed_statuses.gone_may_be_compliant:
        sentences.append(
            _(
                "The newer file lists failing resources only: "
                "what is no longer reported may be fixed or deleted."
            )
        )
    return " ".join(sentences)


def describe_account(account: Account) -> str:
    """Return name and id of an account; the id alone where it has no other name."""
    return account.uid if account.name == account.uid else f"{account.name} ({account.uid})"


def describe_both_rates(older: NamedRate, newer: NamedRate) -> str:
    """Return both reports' rate, `63.8 % → 70.1 %`; a dash for a missing one."""
    return " → ".join(
        "–" if rate.gap else format_rate(rate.compliant, rate.failing) for rate in (older, newer)
    )


def describe_failing_sum(comparison: Comparison) -> str:
    """Return failing before, what came, what left and failing now."""
    values = {
        "before": format_number(comparison.older.failing),
        "now": format_number(comparison.newer.failing),
    }
    if not comparison.adds_up:
        text = _("Non-compliant: %(before)s before, %(now)s now; a file does not list which.")
        return text % values
    values |= {
        "came": describe_compared_direction(comparison, ChangeDirection.CAME),
        "left": describe_compared_direction(comparison, ChangeDirection.LEFT),
        "still": format_number(comparison.counts[Bucket.STILL_FAILING]),
    }
    text = _("Non-compliant: %(before)s before; %(came)s; %(left)s; %(now)s now (%(still)s still).")
    return text % values


def describe_compared_direction(comparison: Comparison, direction: ChangeDirection) -> str:
    """Return how many came or left, how many of them have a high risk, and their parts."""
    counts = comparison.reasons
    if direction is ChangeDirection.CAME:
        count, high_count = counts.came, counts.high_risk_came
        text = _("%(count)s new failing (%(parts)s; %(high)s of them high risk)")
        text_without_parts = _("0 new failing")
    else:
        count, high_count = counts.left, counts.high_risk_left
        text = _("%(count)s no longer failing (%(parts)s; %(high)s of them high risk)")
        text_without_parts = _("0 no longer failing")
    if not count:
        return text_without_parts
    return text % {
        "count": format_number(count),
        "high": format_number(high_count),
        "parts": describe_reason_counts(counts.all_risks, direction),
    }
