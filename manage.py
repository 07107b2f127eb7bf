#!/usr/bin/env python
"""Django's command line, with one sentence instead of a traceback when a setting is missing or wrong."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from covidxray.matrix_threads import CLASSIFYING_COMMANDS, one_matrix_thread


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "covidxray.settings")
    if CLASSIFYING_COMMANDS.intersection(sys.argv[1:2]):
        one_matrix_thread()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        reason = " ".join(str(error).split())
        sys.exit(f"The configuration is incomplete: {reason}")


if __name__ == "__main__":
    main()
