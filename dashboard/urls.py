"""The URLs of the site and their names.

In an export's URL `kind` is the file format, such as xlsx. A URL that ends in `closed/` renders the
same row without its details.
"""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path

from dashboard.views import (
    accounts,
    comparison,
    exports,
    history,
    home,
    imports,
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

handler500 = "dashboard.views.failures.show_failure"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("status/", home.home_status, name="home-status"),
    path("search/", search.search_page, name="search"),
    path("reports/", history.report_list, name="report-list"),
    path("reports/generate/", home.generate_all, name="generate-all"),
    path("reports/<int:pk>/status/", report_status.report_status, name="report-status"),
    path("reports/<int:pk>/cancel/", report_status.report_cancel, name="report-cancel"),
    path("reports/<int:report_id>/", reports.report_detail, name="report-detail"),
    path("reports/<int:report_id>/rules/<int:rule_id>/", reports.report_rule, name="report-rule"),
    path(
        "reports/<int:report_id>/rules/<int:rule_id>/closed/",
        reports.report_rule,
        {"closed": True},
        name="report-rule-closed",
    ),
    path("reports/<int:report_id>/resources/", reports.report_resources, name="report-resources"),
    path(
        "reports/<int:report_id>/resources/<int:key>/",
        reports.report_resource,
        name="report-resource",
    ),
    path(
        "reports/<int:report_id>/resources/<int:key>/closed/",
        reports.report_resource,
        {"closed": True},
        name="report-resource-closed",
    ),
    path("reports/<int:report_id>/sheets/<int:number>/", sheets.report_sheet, name="report-sheet"),
    path("reports/<int:report_id>/evidence/", reports.report_evidence, name="report-evidence"),
    path("reports/<int:report_id>/original/", reports.report_original, name="report-original"),
    path(
        "reports/<int:report_id>/export/<str:kind>/",
        exports.report_export_preparing,
        name="report-export-preparing",
    ),
    path("reports/<int:report_id>/export.<str:kind>", exports.report_export, name="report-export"),
    path("reports/<int:report_id>/print/", exports.report_print, name="report-print"),
    path("reports/<int:report_id>/changes/", history.report_changes, name="report-changes"),
    path("reports/<int:report_id>/notes/", history.report_notes, name="report-notes"),
    path("reports/<int:report_id>/withdraw/", history.report_withdraw, name="report-withdraw"),
    path("reports/<int:report_id>/restore/", history.report_restore, name="report-restore"),
    path("resources/<int:number>/", resources.resource_detail, name="resource-detail"),
    path("rules/<int:pk>/", rules.rule_detail, name="rule-detail"),
    path("imports/", imports.import_list, name="import-list"),
    path("imports/<int:pk>/", imports.import_detail, name="import-detail"),
    path("imports/files/<int:pk>/", imports.import_identify, name="import-identify"),
    path("packs/<int:pk>/", packs.pack_detail, name="pack-detail"),
    path("packs/<int:pk>/trend/", packs.pack_trend, name="pack-trend"),
    path("packs/<int:pk>/reports/", packs.pack_generate, name="pack-generate"),
    path("packs/<int:pack_id>/compare/", comparison.comparison_latest, name="comparison-latest"),
    path(
        "packs/<int:pack_id>/compare/<int:older>/<int:newer>/",
        comparison.comparison_detail,
        name="comparison-detail",
    ),
    path(
        "packs/<int:pack_id>/compare/<int:older>/<int:newer>/print/",
        comparison.comparison_print,
        name="comparison-print",
    ),
    path(
        "packs/<int:pack_id>/compare/<int:older>/<int:newer>/changes/<str:kind>/",
        comparison.comparison_export_preparing,
        name="comparison-export-preparing",
    ),
    path(
        "packs/<int:pack_id>/compare/<int:older>/<int:newer>/changes.<str:kind>",
        comparison.comparison_export,
        name="comparison-export",
    ),
    path("accounts/", accounts.account_list, name="account-list"),
    path("accounts/add/", accounts.account_add, name="account-add"),
    path("accounts/<int:pk>/", accounts.account_detail, name="account-detail"),
    path("accounts/<int:pk>/edit/", accounts.account_edit, name="account-edit"),
    path("accounts/<int:pk>/test/", accounts.account_test, name="account-test"),
    path("accounts/<int:pk>/refresh/", accounts.account_refresh, name="account-refresh"),
    path("accounts/login/", sign_in.SignInView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/password/", sign_in.ChangePasswordView.as_view(), name="password-change"),
    path("preferences/", preferences.preferences_page, name="preferences"),
]
