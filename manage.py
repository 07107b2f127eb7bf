#!/usr/bin/env python
"""Django's command line; covidxray/command_line.py says what goes wrong in a sentence."""

import os
import sys

from covidxray.matrix_threads import CLASSIFYING_COMMANDS, one_matrix_thread


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "covidxray.settings")
    if CLASSIFYING_COMMANDS.intersection(sys.argv[1:2]):
        one_matrix_thread()
    from covidxray.command_line import run  # after that: what it imports may load NumPy

    run(sys.argv)


if __name__ == "__main__":
    main()
