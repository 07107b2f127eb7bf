"""`python -m bench.lists seed N` fills a database with invented results, `… time` times its lists."""

import os
import sys

import django


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "covidxray.settings")
    django.setup()
    from bench.lists import invented_results, timing  # their models need Django

    commands = {"seed": invented_results.Command, "time": timing.Command}
    if not arguments or arguments[0] not in commands:
        sys.exit("usage: python -m bench.lists seed NUMBER | time (--help after either says more)")
    commands[arguments[0]]().run_from_argv(["python -m bench.lists", *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
