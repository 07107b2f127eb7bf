"""The gate: is this a chest radiograph that can be assessed? Rules (rules.py), then what was learned (learned.py)."""

from diagnosis.inference.gate.rules import check_assessable, not_frontal

__all__ = ["check_assessable", "not_frontal"]
