"""Write the compiled catalogue next to each .po. Both are committed: a fresh clone needs no GNU gettext.

msgfmt is not asked: it takes "95 % of" for a Python format string, because "% o" could be one, and refuses translations
without that letter. `tests/test_translations.py` compares the placeholders that are some.
"""

import sys
from pathlib import Path

import polib

LOCALE = Path(__file__).resolve().parent.parent / "locale"


def main() -> None:
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        catalogue = polib.pofile(str(path), wrapwidth=0)
        catalogue.save_as_mofile(str(path.with_suffix(".mo")))
        sys.stdout.write(f"{path.parent.parent.name}: {catalogue.percent_translated()} % translated\n")


if __name__ == "__main__":
    main()
