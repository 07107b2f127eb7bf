#!/usr/bin/env python
"""Django's command line; covidxray/command_line.py says what goes wrong in a sentence."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "covidxray.settings")
    from covidxray.command_line import run

    run(sys.argv)


if __name__ == "__main__":
    main()
