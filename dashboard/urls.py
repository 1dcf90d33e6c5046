"""The URLs of the site and their names.

In an export's URL `kind` is the file format, such as xlsx. A URL that ends in `closed/` renders the
same row without its details.
"""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path, register_converter

from dashboard.views import (
    accounts,
    bulk_requests,
    comparison,
    connection,
    exports,
    history,
    home,
    imports,
    pack_archiving,
    packs,
    preferences,
    report_status,
    reports,
    resources,
    rules,
    search,
    sheets,
    sign_in,
)
from dashboard.views.converters import IdConverter

register_converter(IdConverter, "id")

handler500 = "dashboard.views.failures.show_failure"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("status/", home.home_status, name="home-status"),
    path("home/accounts/<id:pk>/", home.home_account, name="home-account"),
    path(
        "home/accounts/<id:pk>/closed/",
        home.home_account,
        {"closed": True},
        name="home-account-closed",
    ),
    path("search/", search.search_page, name="search"),
    path("reports/", history.report_list, name="report-list"),
    path("reports/suggestions/", history.report_suggestions, name="report-suggestions"),
    path("reports/generate/", home.generate_all, name="generate-all"),
    path("reports/bulk/", bulk_requests.bulk_request_list, name="bulk-request-list"),
    path("reports/bulk/lines/", home.home_bulk_status, name="home-bulk-status"),
    path("reports/bulk/<id:pk>/", bulk_requests.bulk_request_detail, name="bulk-request-detail"),
    path(
        "reports/bulk/<id:pk>/status/",
        bulk_requests.bulk_request_status,
        name="bulk-request-status",
    ),
    path(
        "reports/bulk/<id:pk>/cancel/",
        bulk_requests.bulk_request_cancel,
        name="bulk-request-cancel",
    ),
    path("reports/<id:pk>/status/", report_status.report_status, name="report-status"),
    path("reports/<id:pk>/cancel/", report_status.report_cancel, name="report-cancel"),
    path("reports/<id:pk>/read/", report_status.report_read_again, name="report-read-again"),
    path("reports/<id:report_id>/", reports.report_detail, name="report-detail"),
    path("reports/<id:report_id>/rules/<id:rule_id>/", reports.report_rule, name="report-rule"),
    path(
        "reports/<id:report_id>/rules/<id:rule_id>/closed/",
        reports.report_rule,
        {"closed": True},
        name="report-rule-closed",
    ),
    path("reports/<id:report_id>/resources/", reports.report_resources, name="report-resources"),
    path(
        "reports/<id:report_id>/resources/<id:key>/",
        reports.report_resource,
        name="report-resource",
    ),
    path(
        "reports/<id:report_id>/resources/<id:key>/closed/",
        reports.report_resource,
        {"closed": True},
        name="report-resource-closed",
    ),
    path("reports/<id:report_id>/sheets/<id:number>/", sheets.report_sheet, name="report-sheet"),
    path("reports/<id:report_id>/evidence/", reports.report_evidence, name="report-evidence"),
    path("reports/<id:report_id>/original/", reports.report_original, name="report-original"),
    path("reports/<id:report_id>/results/", reports.report_results, name="report-results"),
    path(
        "reports/<id:report_id>/export/<str:kind>/",
        exports.report_export_preparing,
        name="report-export-preparing",
    ),
    path("reports/<id:report_id>/export.<str:kind>", exports.report_export, name="report-export"),
    path("reports/<id:report_id>/print/", exports.report_print, name="report-print"),
    path("reports/<id:report_id>/changes/", history.report_changes, name="report-changes"),
    path("reports/<id:report_id>/notes/", history.report_notes, name="report-notes"),
    path("reports/<id:report_id>/withdraw/", history.report_withdraw, name="report-withdraw"),
    path("reports/<id:report_id>/restore/", history.report_restore, name="report-restore"),
    path("resources/<id:number>/", resources.resource_detail, name="resource-detail"),
    path("rules/<id:pk>/", rules.rule_detail, name="rule-detail"),
    path("imports/", imports.import_list, name="import-list"),
    path("imports/<id:pk>/", imports.import_detail, name="import-detail"),
    path("imports/files/<id:pk>/", imports.import_identify, name="import-identify"),
    path("packs/archive/", pack_archiving.pack_archive, name="pack-archive"),
    path("packs/unarchive/", pack_archiving.pack_unarchive, name="pack-unarchive"),
    path("imports/files/<id:pk>/packs/", imports.import_pack_choice, name="import-pack-choice"),
    path("packs/<id:pk>/", packs.pack_detail, name="pack-detail"),
    path("packs/<id:pk>/trend/", packs.pack_trend, name="pack-trend"),
    path("packs/<id:pk>/reports/", packs.pack_generate, name="pack-generate"),
    path("packs/<id:pk>/reports/evaluated/", packs.pack_evaluate, name="pack-evaluate"),
    path("packs/<id:pack_id>/compare/", comparison.comparison_latest, name="comparison-latest"),
    path(
        "packs/<id:pack_id>/compare/<id:older>/<id:newer>/",
        comparison.comparison_detail,
        name="comparison-detail",
    ),
    path(
        "packs/<id:pack_id>/compare/<id:older>/<id:newer>/print/",
        comparison.comparison_print,
        name="comparison-print",
    ),
    path(
        "packs/<id:pack_id>/compare/<id:older>/<id:newer>/changes/<str:kind>/",
        comparison.comparison_export_preparing,
        name="comparison-export-preparing",
    ),
    path(
        "packs/<id:pack_id>/compare/<id:older>/<id:newer>/changes.<str:kind>",
        comparison.comparison_export,
        name="comparison-export",
    ),
    path("accounts/", accounts.account_list, name="account-list"),
    path("accounts/add/", accounts.account_add, name="account-add"),
    path("accounts/<id:pk>/", accounts.account_detail, name="account-detail"),
    path("accounts/<id:pk>/edit/", accounts.account_edit, name="account-edit"),
    path("accounts/<id:pk>/test/", accounts.account_test, name="account-test"),
    path("accounts/<id:pk>/refresh/", accounts.account_refresh, name="account-refresh"),
    path("accounts/login/", sign_in.SignInView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/password/", sign_in.ChangePasswordView.as_view(), name="password-change"),
    path("connection/", connection.connection_page, name="connection"),
    path("preferences/", preferences.preferences_page, name="preferences"),
]
