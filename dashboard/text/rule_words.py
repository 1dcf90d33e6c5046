"""What the cloud says of a rule, in words: what triggers it, and why it has no evaluation."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.models.evaluations import convert_milliseconds

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# The cloud's words for what triggers an evaluation.
TRIGGER_WORDS: dict[str, "StrPromise"] = {
    "ConfigurationItemChangeNotification": gettext_lazy("a change of the configuration"),
    "ScheduledNotification": gettext_lazy("a schedule"),
}
SERVICE_ROLE_ERROR = "CloudConfigServiceRoleNotExisted"
SERVICE_ROLE = "AliyunServiceRoleForConfig"


def describe_triggers(text: str) -> str:
    """Return what triggers a rule, `a schedule`; an unknown word of the cloud stands as it is."""
    words = [word.strip() for word in text.split(",")]
    return _(", ").join(str(TRIGGER_WORDS.get(word, word)) for word in words if word)


class RuleStateWords(NamedTuple):
    """Why a rule has no evaluation: what the cloud says, what follows, and what to do.

    `code` and `message` are the error of the cloud's last evaluation as it came; empty without one.
    """

    title: str
    next_step: str
    code: str = ""
    message: str = ""
    evaluated_at: dt.datetime | None = None


def describe_rule_state(cloud_state: Mapping[str, Any] | None) -> RuleStateWords | None:
    """Return why a rule has no evaluation (see RuleResult.cloud_state).

    Return None if the cloud was not asked.
    """
    if cloud_state is None:
        return None
    code = str(cloud_state.get("error_code") or "")
    evaluated_at = convert_milliseconds(cloud_state.get("evaluated_ms"))
    title, next_step = explain_rule_state(str(cloud_state.get("state") or ""), code, evaluated_at)
    message = str(cloud_state.get("error_message") or "")
    return RuleStateWords(title, next_step, code, message, evaluated_at)


def explain_rule_state(
    state: str, error_code: str, evaluated_at: dt.datetime | None
) -> tuple[str, str]:
    """Return why a rule in this state has no evaluation, and what to do."""
    if state == "INACTIVE":
        return _("The rule is stopped in Cloud Config."), _(
            "Start it in the Cloud Config console, then generate the report again."
        )
    if state == "DELETING":
        return _("The rule is being deleted in Cloud Config."), _(
            "Nothing: later reports will not have it."
        )
    if error_code == SERVICE_ROLE_ERROR:
        title = _("Cloud Config may not read the account's resources: its service role is missing.")
        next_step = _(
            "Ask an administrator of the cloud account to create the role %(role)s in the Cloud "
            "Config console, then generate the report again."
        )
        return title, next_step % {"role": SERVICE_ROLE}
    if error_code:
        title = _("The cloud's last evaluation of the rule failed: %(code)s.")
        return title % {"code": error_code}, _(
            "Look the error up in the Cloud Config console, then generate the report again."
        )
    if state == "EVALUATING":
        return _("The rule was still being evaluated when the report was made."), _(
            "Generate the report again in a while."
        )
    if evaluated_at:
        return _("The rule was evaluated and found no resource in its scope."), _(
            "Nothing, unless it should judge some: then check its scope in the Cloud Config "
            "console."
        )
    return _("The rule has never been evaluated."), _(
        "Evaluate it in the Cloud Config console, then generate the report again."
    )
