"""Figures and the site page name the reason of every refusal in words."""

import re
from pathlib import Path

from diagnosis.inference.gate.learned import PRECEDENCE
from diagnosis.wording.refusals import REFUSALS

ROOMS = (Path("diagnosis/imaging"), Path("diagnosis/inference/gate"))
NO_REFUSALS = {"decoding-unavailable"}


def test_every_reason_has_a_name() -> None:
    """Of the learned gate, and of every code that the code of reading and checking names."""
    source = "".join(path.read_text(encoding="utf-8") for room in ROOMS for path in room.rglob("*.py"))
    codes = {*PRECEDENCE, *re.findall(r'\bcode="([a-z-]+)"', source)} - NO_REFUSALS
    assert {"damaged", "body-part", "screenshot"} <= codes
    assert codes <= REFUSALS.keys()
