"""manage.py in a process of its own, prepared as `toy_site` is."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main() -> None:
    from django.core.management import execute_from_command_line

    import tests.pacs.toy_site  # noqa: F401

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
