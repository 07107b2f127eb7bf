"""A side of the benchmark with nothing to measure."""

import sys


def doubled(number: float) -> float:
    sys.stdout.write("libraries print what they like\n")
    return 2 * number


def failing() -> float:
    raise ValueError("nothing to measure")


CALLS = {"doubled": doubled, "failing": failing, "ending": sys.exit}
