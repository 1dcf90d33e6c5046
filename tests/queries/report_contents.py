"""Contents of report files of every kind that the queries and the tables of a report meet."""

from collections.abc import Callable

from tests import sample_files


def build_failing_only_sheets() -> dict[str, list[sample_files.SheetRow]]:
    """Return the older layout: the failing resources, and an overview that counts the others."""
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    return {name: rows for name, rows in sheets.items() if name in ("检测概览", "不合规资源")}


CONTENTS: dict[str, Callable[[], bytes]] = {
    "F0": lambda: sample_files.build_xls(
        sample_files.build_report_sheets(sample_files.ALL_COMPLIANT)
    ),
    "F1": lambda: sample_files.build_xls(
        sample_files.build_report_sheets(sample_files.SOME_FAILING)
    ),
    "F2 in English": lambda: sample_files.build_xls(
        sample_files.build_report_sheets(sample_files.SOME_CHANGED, "en")
    ),
    "F3, smaller": lambda: sample_files.build_xls(sample_files.build_status_sheet(300)),
    "F6": lambda: sample_files.build_xlsx(sample_files.build_unknown_parts()),
    "F7": lambda: sample_files.build_xlsx(sample_files.build_risky_texts()),
    "failing only": lambda: sample_files.build_xls(build_failing_only_sheets()),
}
