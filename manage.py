#!/usr/bin/env python
"""The product's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    if sys.argv[1:] == ["--version"]:
        from django.conf import settings

        print(f"Compliance Ledger {settings.VERSION}")
        return
    from dashboard.management.command_line import run_command_line

    run_command_line(sys.argv)


if __name__ == "__main__":
    main()
