"""What an error of the cloud means and what to do next, in words, by the advice for its code."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from dashboard.cloud.errors import Advice

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# Title, meaning and next step.
MessageTexts = tuple["StrPromise", "StrPromise", "StrPromise"]

CLOUD_MESSAGES: dict[str, MessageTexts] = {
    Advice.WAIT: (
        _("The cloud is already preparing a report of this pack"),
        _("Another user has asked for it, here or in the console. Both will get the same report."),
        _("Wait: it will appear here once it is ready."),
    ),
    Advice.GONE_PACK: (
        _("The pack no longer exists in the cloud"),
        _("No new report can be made of it. All reports received so far stay here."),
        _("If the pack was created again, refresh the packs of this account and use the new one."),
    ),
    Advice.GONE_GROUP: (
        _("The account group is gone, or this AccessKey may not use it"),
        _("No report of its packs can be made. All reports received so far stay here."),
        _("Ask an administrator to check the account group in the Cloud Config console."),
    ),
    Advice.PERMISSION: (
        _("The AccessKey lacks a permission"),
        _("The cloud knows the AccessKey, but refused the request: %(action)s is not granted."),
        _("Ask an administrator of the cloud account to grant %(action)s in RAM, then try again."),
    ),
    Advice.WRONG_ACCOUNT: (
        _("The cloud knows no such account"),
        _(
            "Either the AccessKey belongs to another account, or Cloud Config is not activated in "
            "this one."
        ),
        _(
            "Activate Cloud Config in the console, or enter an AccessKey of the right account and "
            "site."
        ),
    ),
    Advice.SERVICE_ROLE: (
        _("Cloud Config has no service role in this account"),
        _(
            "The role AliyunServiceRoleForConfig does not exist, so Cloud Config can read no "
            "resource of the account and evaluate nothing."
        ),
        _(
            "Ask an administrator of the cloud account to open the Cloud Config console and to "
            "grant the service this role, then try again."
        ),
    ),
    Advice.GONE_RULE: (
        _("The rule no longer exists in the cloud"),
        _("It was deleted after the report was made. What was received of it stays here."),
        _("Generate a new report if you need one without this rule."),
    ),
    Advice.PAGE_TOKEN: (
        _("The list in the cloud could not be continued"),
        _(
            "The cloud did not accept the token of the next page, also after the list was begun "
            "anew. What had come of the list was discarded."
        ),
        _("Generate the report again."),
    ),
    Advice.RETRY_LATER: (
        _("The cloud is not available at the moment"),
        _("The cloud returned server errors several times. Not your fault."),
        _("Try again in a few minutes."),
    ),
    Advice.SLOW_DOWN: (
        _("Rate limit reached"),
        _(
            "The account has reached its limit of requests per minute; other tools may use it as "
            "well."
        ),
        _("Try again in a few minutes."),
    ),
    Advice.ACCESS_KEY: (
        _("The cloud does not accept the AccessKey"),
        _(
            "The AccessKey id does not exist or has been disabled. Nothing of this account can be "
            "fetched."
        ),
        _("Ask an administrator to enter a valid AccessKey for this account."),
    ),
    Advice.SECRET: (
        _("The AccessKey secret is wrong"),
        _(
            "The cloud knows the AccessKey id, but its secret does not fit. Nothing of this "
            "account can be fetched."
        ),
        _(
            "Ask an administrator to enter the AccessKey's id and secret again, without spaces "
            "around them."
        ),
    ),
    Advice.NO_ACCESS_KEY: (
        _("This account has no AccessKey"),
        _("Without one the cloud cannot be asked. Reports received so far stay here."),
        _("Ask an administrator to enter an AccessKey on the account's page."),
    ),
    Advice.SECRET_UNREADABLE: (
        _("The AccessKey secret cannot be decrypted"),
        _(
            "This server's encryption keys have changed since it was entered. "
            "Nothing of this account can be fetched."
        ),
        _(
            "Ask an administrator to enter the AccessKey's secret, "
            "or to restore the former key in the settings."
        ),
    ),
    Advice.CLOCK: (
        _("The server's clock is wrong"),
        _("It is more than 15 minutes off, and the cloud refuses every request with such a time."),
        _("Ask the server administrator to synchronise its clock, then try again."),
    ),
    Advice.TOKEN: (
        _("The temporary credentials have expired or are damaged"),
        _(
            "The cloud no longer accepts their security token. Nothing of this account can be "
            "fetched."
        ),
        _("Ask an administrator to renew the credentials, then try again."),
    ),
    Advice.LINK_EXPIRED: (
        _("The link to the file has expired"),
        _("The report is ready in the cloud, but its file was not fetched in time."),
        _("Try again: each attempt asks for a fresh link."),
    ),
    Advice.LINK_REFUSED: (
        _("The cloud refused the download"),
        _("The report is ready in the cloud, but its storage answered %(code)s."),
        _("Try again. If it keeps failing, open the report in the Cloud Config console."),
    ),
    Advice.FORBIDDEN_HOST: (
        _("The file lies on a server that is not allowed"),
        _("For safety, files are fetched from Alibaba Cloud alone. This one was not touched."),
        _("Ask the server administrator to check the endpoint and the list of allowed hosts."),
    ),
    Advice.FORBIDDEN_ENDPOINT: (
        _("The endpoint of the account is not allowed"),
        _(
            "For safety, requests go to Alibaba Cloud and to the hosts that this server's settings "
            "allow. Nothing was sent."
        ),
        _(
            "Ask an administrator to correct the endpoint on the account's page, or to allow its "
            "host with the setting ENDPOINT_HOSTS."
        ),
    ),
    Advice.NETWORK: (
        _("The cloud cannot be reached"),
        _("Could not connect: network, proxy or endpoint name."),
        _(
            "Try again. If it keeps failing, "
            "ask the server administrator to check the network to the cloud."
        ),
    ),
    Advice.TIMED_OUT: (
        _("The cloud took too long to answer"),
        _("The connection is slow or blocked on the way; what had arrived was discarded."),
        _(
            "Try again. If it keeps failing, "
            "ask the server administrator to check the network to the cloud."
        ),
    ),
    Advice.CUT_OFF: (
        _("Connection lost"),
        _("Only part of the file arrived and was discarded."),
        _("Try again."),
    ),
    Advice.RESULTS_ENDLESS: (
        _("The list of evaluation results has no end"),
        _(
            "The cloud gave the same page again and again, or only empty pages. Nothing of the "
            "list is used."
        ),
        _(
            "Generate the report again. If it keeps failing, report it to Alibaba Cloud with the "
            "request id."
        ),
    ),
    Advice.RESULTS_INCOMPLETE: (
        _("The list of evaluation results ended short"),
        _(
            "The cloud says that the rule %(detail)s has failing resources, but the list has no "
            "evaluation of it. Nothing of the list is used."
        ),
        _("Generate the report again."),
    ),
    Advice.RESULTS_TOO_LONG: (
        _("The list of evaluation results is too long"),
        _(
            "It exceeds the limit of this server's settings (%(detail)s). Nothing of the list is "
            "used."
        ),
        _("Ask the server administrator to raise this limit, then generate the report again."),
    ),
    Advice.RESULTS_TIMED_OUT: (
        _("The list of evaluation results was not complete in time"),
        _(
            "Its time limit of %(detail)s minutes was reached, most likely because many lists of "
            "the account were fetched at once. Nothing of the list is used."
        ),
        _(
            "Generate the report again, or ask the server administrator to raise the limit "
            "RESULTS_LIMIT_MINUTES."
        ),
    ),
    Advice.BAD_ANSWER: (
        _("The answer was not the cloud's"),
        _(
            "Something came back that Cloud Config never sends, perhaps a page of a proxy or a "
            "sign-in page."
        ),
        _("Ask the server administrator to check the endpoint and the proxy."),
    ),
    Advice.OTHER: (
        _("The cloud refused: %(code)s"),
        _("Unknown error code. Earlier reports are not affected."),
        _(
            "Try again. If it keeps failing, look the code up with the request id in the cloud's "
            "documentation."
        ),
    ),
}
