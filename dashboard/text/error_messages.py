"""The message for each error code: what happened, what it means, what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from dashboard.cloud.errors import Advice, find_advice
from dashboard.text.answer_problems import explain_problem
from dashboard.text.cloud_error_texts import CLOUD_MESSAGES, MessageTexts
from dashboard.text.database_messages import DATABASE_MESSAGES
from dashboard.text.file_error_details import (
    FRESH_COPY_CODES,
    IMPORT_ADVICE,
    find_kind_message,
    list_file_details,
)


@dataclass(frozen=True)
class ErrorMessage:
    """An error in words, in the active language."""

    title: str
    meaning: str
    next_step: str


def explain_error(code: str, facts: Mapping[str, object]) -> ErrorMessage:
    """Return the message for an error code of the cloud, of the workbook reader or of a report.

    The fact `detail` is the name of the RAM action (permission) that is missing, or belongs to
    `problem`, which says what is wrong with an answer; `expected_id` and `actual_id` are of what
    belongs to another account or pack; `minutes` is the time limit that a run reached; `method` is
    the compression of a zip. An unknown code gets a general message that contains the code.
    """
    action = facts.get("detail") or _("the missing action of Cloud Config")
    message = find_kind_message(code, facts) or MESSAGES.get(code) or MESSAGES[find_advice(code)]
    title, meaning, next_step = message
    values = {
        "code": code,
        "action": action,
        "detail": facts.get("detail") or "–",
        "expected": facts.get("expected_id") or "–",
        "actual": facts.get("actual_id") or "–",
        "method": facts.get("method") or "–",
        "folder": facts.get("folder") or "–",
    }
    sentences = [explain_problem(facts), meaning % values, *list_file_details(code, facts)]
    if code != "deadline" and "minutes" in facts:
        sentences.append(TIME_RAN_OUT % {"minutes": facts["minutes"]})
    steps = [next_step % values]
    if code in FRESH_COPY_CODES and message is MESSAGES.get(code):
        steps.append(str(IMPORT_ADVICE))
    return ErrorMessage(title % values, " ".join(filter(None, sentences)), " ".join(steps))


# Added to the meaning of the last fault of a run that was tried again until its time limit.
TIME_RAN_OUT = _(
    "It was tried again until the time limit of the run (%(minutes)s minutes) was reached."
)


# Title, meaning and next step, by error code or by the advice for a code.
MESSAGES: dict[str, MessageTexts] = {
    **CLOUD_MESSAGES,
    **DATABASE_MESSAGES,
    # Whose report it is: AccessKey, answer and file must belong to one account and pack
    "ForeignAccessKey": (
        _("The AccessKey belongs to another account"),
        _(
            "It belongs to account %(actual)s, but this is account %(expected)s. Nothing was "
            "entered, so that no report stands under the wrong account."
        ),
        _("Ask an administrator to enter an AccessKey of account %(expected)s, then try again."),
    ),
    "ForeignAccount": (
        _("The cloud answered for another account"),
        _(
            "The answer is about account %(actual)s, but account %(expected)s was asked for. "
            "Nothing was entered."
        ),
        _("Ask an administrator to check the AccessKey and the endpoint of this account."),
    ),
    "ForeignPack": (
        _("The cloud answered with the report of another pack"),
        _(
            "The answer is about pack %(actual)s, but pack %(expected)s was asked for. Nothing "
            "was entered."
        ),
        _("Try again. If it keeps failing, ask the server administrator to check the endpoint."),
    ),
    "ForeignFile": (
        _("The file belongs to another account or pack"),
        _(
            "Its name or its rows say %(actual)s, but it was received for %(expected)s. Nothing "
            "was entered; the original is kept as it came."
        ),
        _(
            "Download the original and see whose it is. If it was generated here, ask an "
            "administrator to check the AccessKey and the endpoint."
        ),
    ),
    # Errors of the program that reads the file
    "empty": (
        _("The file is empty"),
        _("It has no content at all, so there is nothing to read."),
        _("Generate the report again."),
    ),
    "unreadable": (
        _("The file could not be opened"),
        _("It is gone, or this server may not read it."),
        _("Check that it is there and who may read it, then import it again."),
    ),
    "encrypted": (
        _("The file asks for a password"),
        _("It is encrypted and cannot be read here. The original is kept as it came."),
        _(
            "Generate the report again. If you imported the file, remove its password and import "
            "it again."
        ),
    ),
    "compression": (
        _("The zip is compressed in a way not read here (%(method)s)"),
        _("The original is kept as it came, but could not be unpacked."),
        _("Zip the file again in the usual way (Deflate), and import it again."),
    ),
    "oss_error": (
        _("Received an error message instead of the file"),
        _(
            "It is an error document of the cloud's storage, not a report. It is kept for "
            "inspection."
        ),
        _("Generate the report again."),
    ),
    "error_page": (
        _("Received a web page instead of the file"),
        _(
            "It holds no table; it may be a sign-in page or an error page. It is kept for "
            "inspection."
        ),
        _(
            "Generate the report again. If it keeps failing, "
            "ask the server administrator to check the proxy."
        ),
    ),
    "truncated": (
        _("The file is incomplete"),
        _(
            "Its end is missing, so its numbers could not be trusted. The original is kept as it "
            "came."
        ),
        _("Generate the report again."),
    ),
    "too_large": (
        _("The file is too large"),
        _("It exceeds the size that this server accepts, so it was not read."),
        _("Ask the server administrator to raise the limit, then try again."),
    ),
    "bomb": (
        _("The file unpacks to a suspicious size"),
        _("Its content is far larger than a report could be. For safety it was not unpacked."),
        _(
            "Do not open the original. Generate the report again, and tell an administrator if it "
            "comes back."
        ),
    ),
    "unknown": (
        _("The kind of file is not known"),
        _(
            "It is neither a workbook nor a table in any form read here. The original is kept as "
            "it came."
        ),
        _("Download the original to see what it is, or generate the report again."),
    ),
    "no_report": (
        _("The file is not a report"),
        _("It was read, but no rule, resource or count of a report was recognised in it."),
        _("If the cloud generated it, import it again under the name that the cloud gave it."),
    ),
    "corrupt": (
        _("The file is damaged"),
        _(
            "It begins like a workbook, but cannot be read to its end. The original is kept as it "
            "came."
        ),
        _("Generate the report again."),
    ),
    "timeout": (
        _("Reading the file took too long"),
        _("It was stopped at the time limit. The original is kept as it came."),
        _(
            "Try again when the server is less busy, "
            "or ask the server administrator to raise the limit."
        ),
    ),
    "memory": (
        _("Reading the file took too much memory"),
        _("It was stopped at the memory limit. The original is kept as it came."),
        _("Ask the server administrator to raise the limit, then try again."),
    ),
    "killed": (
        _("Reading the file was interrupted"),
        _("The server ended the reader before it was done. The original is kept as it came."),
        _("Try again. If it keeps failing, ask the server administrator to look at its memory."),
    ),
    "upload_too_large": (
        _("The upload brings in too much"),
        _(
            "Its files together, with all files in its zips, are larger or more than this server "
            "takes at once. None of them was stored."
        ),
        _(
            "Import the files in several smaller uploads, or ask the server administrator to raise "
            "the limit."
        ),
    ),
    "too_many_members": (
        _("The archive holds too many files"),
        _(
            "It has more files than this server unpacks, so none was read. The original is kept "
            "as it came."
        ),
        _("Ask the server administrator to raise the limit, then try again."),
    ),
    "too_many_cells": (
        _("The workbook holds too many cells"),
        _("It has more cells than this server reads. The original is kept as it came."),
        _("Ask the server administrator to raise the limit, then try again."),
    ),
    # Errors of the machine
    "storage_full": (
        _("The storage is full"),
        _("There is no room on the server's disk or in its database. What is stored is intact."),
        _(
            "Tell the server administrator to make room. A run that is under way goes on by itself "
            "when there is room."
        ),
    ),
    "storage_read_only": (
        _("The storage takes no changes"),
        _(
            "The server's disk or its database can only be read at the moment. What is stored is "
            "intact."
        ),
        _(
            "Tell the server administrator. A run that is under way goes on by itself when changes "
            "are possible again."
        ),
    ),
    "storage_forbidden": (
        _("The server may not use its storage"),
        _(
            "A file or folder of its archive or its database belongs to another user, or denies "
            "the access. What is stored is intact."
        ),
        _(
            "Tell the server administrator to give the user of the product ARCHIVE_DIR and VAR_DIR "
            "with all that is in them. A run that is under way goes on by itself afterwards."
        ),
    ),
    "machine": (
        _("The server could not work for a while"),
        _("Its database or its disk did not answer. What is stored is intact."),
        _("The run goes on by itself. If it fails, try again."),
    ),
    "archive_missing": (
        _("The archive is not there"),
        _(
            "Originals were stored in the folder %(folder)s, but it does not hold them now. Its "
            "disk may not be mounted."
        ),
        _("Tell the server administrator. Nothing is read or stored until the folder is back."),
    ),
    "original_missing": (
        _("The original file is missing"),
        _(
            "It was stored, but is no longer in the archive. The numbers that were read from it "
            "are kept."
        ),
        _(
            "Tell the server administrator to restore it from the backup; importing the same file "
            "again restores it too."
        ),
    ),
    "original_changed": (
        _("The original file was changed"),
        _(
            "The file in the archive no longer has the hash under which it was stored, so it is "
            "neither sent nor read. The numbers that were read from it before are kept."
        ),
        _(
            "Tell the server administrator to restore it from the backup; importing the same file "
            "again restores it too."
        ),
    ),
    # Errors of a report
    "deadline": (
        _("The cloud did not finish in time"),
        _(
            "The report was still being prepared when the time limit was reached. The previous "
            "report stays current."
        ),
        _("Generate it again: what the cloud has begun may be ready by then."),
    ),
    "cancelled": (
        _("This run was cancelled"),
        _("Nothing was stored. The cloud may still finish the report, but it will not be fetched."),
        _("Generate the report again whenever you need it."),
    ),
    Advice.DEFECT: (
        _("Internal error in Compliance Ledger"),
        _("The fault is in this program, not in your data. The previous report stays current."),
        _("Try again. If it keeps failing, report it with the time and the request id."),
    ),
}
