#!/usr/bin/env python
"""The product's command line."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    if sys.argv[1:] == ["--version"]:
        from django.conf import settings

        print(f"Compliance Ledger {settings.VERSION}")
        return
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
