"""The remarks on a report's file, as sentences: each says what the reader saw in the file."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from dashboard.text.error_messages import explain_error
from dashboard.text.formatting import format_number
from dashboard.text.number_changes import describe_number_changes

REMARK_SENTENCES = {
    "member_foreign": _(
        "The zip holds this file, which is no report (%(reason)s): nothing of it is counted."
    ),
    "member_unread": _(
        "The zip holds this file, but it could not be read (%(reason)s): nothing of it is counted, "
        "and the report is incomplete."
    ),
    "export_filtered": _(
        "The file is an export with a filter: %(rows)s of the %(total)s rows of its report."
    ),
    "sheet_unread": _(
        "The workbook names this sheet, but it could not be read: nothing of it is counted."
    ),
    "sheet_missing": _(
        "The workbook names this sheet, but the file does not hold it: nothing of it is counted."
    ),
    "sheet_without_cells": _("The sheet is a chart or a dialog: it has no cells."),
    "formats_unread": _(
        "The styles of the workbook are damaged: some dates may be shown as numbers."
    ),
    "sheet_hidden": _("The sheet is hidden in the file. It is read and counted like all others."),
    "hidden_parts": _(
        "Rows hidden in the file: %(rows)s; columns hidden in the file: %(columns)s. They are read "
        "and counted like all others."
    ),
    "rows_misnumbered": ngettext_lazy(
        "%(count)s row has no valid number of its own in the file: it is read, but a spreadsheet "
        "may show it elsewhere.",
        "%(count)s rows have no valid number of their own in the file: they are read, but a "
        "spreadsheet may show them elsewhere.",
        "number",
    ),
    "cells_unreadable": ngettext_lazy(
        "%(count)s cell of column %(column)s refers to a text that the file does not hold: it is "
        "left empty.",
        "%(count)s cells of column %(column)s refer to a text that the file does not hold: they "
        "are left empty.",
        "number",
    ),
    "cells_unplaced": ngettext_lazy(
        "%(count)s row has a cell without a valid place, or two cells in one place: one is left "
        "out.",
        "%(count)s rows have a cell without a valid place, or two cells in one place: one is left "
        "out.",
        "number",
    ),
    "cells_misplaced": ngettext_lazy(
        "%(count)s row has cells that name another row as their own: they are read in the row "
        "that holds them.",
        "%(count)s rows have cells that name another row as their own: they are read in the row "
        "that holds them.",
        "number",
    ),
    "sheet_cut": _(
        "The sheet is damaged behind this row: what follows could not be read and is not counted."
    ),
    "cells_damaged": ngettext_lazy(
        "%(count)s row has cells that could not be read: they are left empty.",
        "%(count)s rows have cells that could not be read: they are left empty.",
        "number",
    ),
    "characters_lost": ngettext_lazy(
        "%(count)s row has texts with bytes that are no characters: each is shown as a question "
        "mark.",
        "%(count)s rows have texts with bytes that are no characters: each is shown as a question "
        "mark.",
        "number",
    ),
    "quote_open": ngettext_lazy(
        "%(count)s row has a quotation mark that is never closed: it is read as a character.",
        "%(count)s rows have a quotation mark that is never closed: it is read as a character.",
        "number",
    ),
    "cell_holds_rows": ngettext_lazy(
        "%(count)s row has a cell that seems to hold further rows of the table: these are not "
        "counted.",
        "%(count)s rows have a cell that seems to hold further rows of the table: these are not "
        "counted.",
        "number",
    ),
    "cells_beyond": ngettext_lazy(
        "%(count)s row has more than %(columns)s cells: their values may stand in wrong columns.",
        "%(count)s rows have more than %(columns)s cells: their values may stand in wrong columns.",
        "number",
    ),
    "row_cut": _(
        "The file ends in this row, which has fewer cells than the others: rows behind it may be "
        "missing."
    ),
    "page_not_closed": _(
        "The page does not end as it should, but all its tables do: they were read."
    ),
    "page_cut": _(
        "The page ends within this table: rows behind this one are missing, and a row that is not "
        "whole is left out."
    ),
    "sheet_unrecognised": _(
        "The sheet has no columns known here: it is shown as it stands and counts nowhere."
    ),
    "sheet_full": _(
        "The sheet is as long as its format allows (%(limit)s rows): the file may have been cut "
        "there."
    ),
    "status_missing": _(
        "The sheet lists resources under rules, but neither a column nor its name says their "
        "status. No status is guessed: nothing of it is counted. Name the column (合规结果, "
        "Compliance Status) or the sheet (不合规资源, Non-Compliant Resources) in the file, and "
        "import it again."
    ),
    "rows_other_table": ngettext_lazy(
        "%(count)s row stands below another header, which is that of another table: it is not "
        "counted.",
        "%(count)s rows stand below another header, which is that of another table: they are not "
        "counted.",
        "number",
    ),
    "rows_total": ngettext_lazy(
        "%(count)s row is a total and no resource.",
        "%(count)s rows are totals and no resources.",
        "number",
    ),
    "rows_repeated_head": ngettext_lazy(
        "%(count)s row repeats the header and is no resource.",
        "%(count)s rows repeat the header and are no resources.",
        "number",
    ),
    "rows_no_data": ngettext_lazy(
        "%(count)s row says that there are no data.",
        "%(count)s rows say that there are no data.",
        "number",
    ),
    "rows_note": ngettext_lazy(
        "%(count)s row is a note beside the table and no resource.",
        "%(count)s rows are notes beside the table and no resources.",
        "number",
    ),
    "rules_cut": _(
        "The list of rules is longer than %(limit)s rows: what stands below is not read as rules."
    ),
    "status_unknown": ngettext_lazy(
        "%(count)s row has the status “%(word)s”, which is not known here: it is not counted.",
        "%(count)s rows have the status “%(word)s”, which is not known here: they are not counted.",
        "number",
    ),
    "risk_unknown": ngettext_lazy(
        "%(count)s row has the risk “%(word)s”, which is not known here: its risk counts as not "
        "stated.",
        "%(count)s rows have the risk “%(word)s”, which is not known here: their risk counts as "
        "not stated.",
        "number",
    ),
    "id_empty": ngettext_lazy(
        "%(count)s row has no resource ID: this resource is known by its name, and does not match "
        "the same resource with an ID.",
        "%(count)s rows have no resource ID: these resources are known by their names, and do not "
        "match the same resources with an ID.",
        "number",
    ),
    "id_column_missing": _(
        "No column known here holds resource IDs: the resources are known by their names."
    ),
    "rule_id_empty": ngettext_lazy(
        "%(count)s row has no rule ID, and no list gives the ID of its rule: it is known by its "
        "name, and does not match the same rule with an ID.",
        "%(count)s rows have no rule ID, and no list gives the ID of their rule: it is known by "
        "its name, and does not match the same rule with an ID.",
        "number",
    ),
    "account_empty": ngettext_lazy(
        "%(count)s row names no account: it counts for the account of the file.",
        "%(count)s rows name no account: they count for the account of the file.",
        "number",
    ),
    "region_unknown": ngettext_lazy(
        "%(count)s row has the region “%(word)s”, which is not known here: it is taken as it "
        "stands, and does not match the same region under another name.",
        "%(count)s rows have the region “%(word)s”, which is not known here: it is taken as it "
        "stands, and does not match the same region under another name.",
        "number",
    ),
    "column_unknown": _(
        "Column %(column)s has the header “%(label)s”, which is not known here. Its values look "
        "like a status, a risk, a region, an account or an ID, and are not used."
    ),
    "time_doubtful": _("The time “%(text)s” is not understood with certainty and is left out."),
    "rows_skipped": ngettext_lazy(
        "%(count)s row names no status, no rule or no resource: it is not counted.",
        "%(count)s rows name no status, no rule or no resource: they are not counted.",
        "number",
    ),
    "digits_lost": ngettext_lazy(
        "%(count)s row has IDs that were stored as numbers, of which spreadsheets keep 15 digits "
        "only, or as dates. Digits are lost or may be wrong: such an ID may be that of another "
        "resource, and an account is not read from it.",
        "%(count)s rows have IDs that were stored as numbers, of which spreadsheets keep 15 "
        "digits only, or as dates. Digits are lost or may be wrong: such an ID may be that of "
        "another resource, and an account is not read from it.",
        "number",
    ),
    "numbers_changed": _(
        "This version of the reader gives other numbers than version %(reader)s did: %(changes)s."
    ),
    "results_unread": _(
        "The evaluation results fetched beside the file could not be read (%(reason)s): only the "
        "file is counted."
    ),
    "results_rows_skipped": ngettext_lazy(
        "%(count)s row of the evaluation results names no status, no rule or no resource: it is "
        "not counted (answer:row %(places)s).",
        "%(count)s rows of the evaluation results name no status, no rule or no resource: they "
        "are not counted (answer:row %(places)s).",
        "number",
    ),
    "results_status_unknown": ngettext_lazy(
        "%(count)s row of the evaluation results has the status “%(word)s”, which is not known "
        "here: it is not counted (answer:row %(places)s).",
        "%(count)s rows of the evaluation results have the status “%(word)s”, which is not known "
        "here: they are not counted (answer:row %(places)s).",
        "number",
    ),
    "results_values_unread": ngettext_lazy(
        "%(count)s row of the evaluation results has a value that is not understood: the value is "
        "left out or cut (answer:row %(places)s).",
        "%(count)s rows of the evaluation results have values that are not understood: these "
        "values are left out or cut (answer:row %(places)s).",
        "number",
    ),
    "results_repeated": ngettext_lazy(
        "%(count)s row of the evaluation results repeats the rule and the resource of another row; "
        "the one evaluated last counts. With another status: %(other)s.",
        "%(count)s rows of the evaluation results repeat the rule and the resource of another "
        "row; of each, the one evaluated last counts. With another status: %(other)s.",
        "number",
    ),
    "results_rules_unmatched": ngettext_lazy(
        "The file names %(count)s rule without an ID, and the evaluation results have no rule of "
        "this name: its evaluations may be counted twice.",
        "The file names %(count)s rules without an ID, and the evaluation results have no rules "
        "of these names: their evaluations may be counted twice.",
        "number",
    ),
    "results_fewer": ngettext_lazy(
        "The cloud states %(stated)s compliant or not applicable evaluations, and the evaluation "
        "results have %(count)s fewer: the list may have been cut off, or a resource changed in "
        "between.",
        "The cloud states %(stated)s compliant or not applicable evaluations, and the evaluation "
        "results have %(count)s fewer: the list may have been cut off, or resources changed in "
        "between.",
        "number",
    ),
    "duplicate_keys": ngettext_lazy(
        "%(count)s row repeats a rule and a resource that the file has judged before; it is kept "
        "and counted.",
        "%(count)s rows repeat a rule and a resource that the file has judged before; each of "
        "them is kept and counted.",
        "number",
    ),
}


def describe_remark(remark: Mapping[str, Any], sheets: Mapping[int, str]) -> str:
    """Return the sentence for a stored remark, with its place before it.

    `sheets` gives the name of each sheet by its number. A code without a sentence stands alone.
    """
    sentence = describe_remark_content(remark)
    place = describe_place(remark, sheets)
    return f"{place}: {sentence}" if place else sentence


def describe_remark_content(remark: Mapping[str, Any]) -> str:
    """Return the sentence for a stored remark without its place."""
    code = remark["code"]
    number = remark.get("count", 0)
    facts = remark.get("facts", {})
    values = _FactTexts(facts, number=number, count=format_number(number))
    if error_code := values.get("error"):
        values["reason"] = explain_error(error_code, values).title
    if code == "numbers_changed":
        values["changes"] = describe_number_changes(values)
    return str(REMARK_SENTENCES.get(code, code) % values)


def describe_place(remark: Mapping[str, Any], sheets: Mapping[int, str]) -> str:
    """Return the zip member, the sheet and the rows of a remark; "" if it is on the whole file."""
    parts = []
    if member := remark.get("facts", {}).get("member"):
        parts.append(_("file “%(member)s”") % {"member": member})
    if remark.get("sheet") is not None:
        parts.append(_("sheet “%(sheet)s”") % {"sheet": sheets.get(remark["sheet"], "?")})
    if remark.get("rows"):
        parts.append(_("rows %(rows)s") % {"rows": remark["rows"]})
    return str(_(", ")).join(parts)


class _FactTexts(dict[str, Any]):
    """The facts of a remark by name; a fact that is not known is "…"."""

    def __missing__(self, name: str) -> str:
        return "…"
