"""Pixels → answer, without Django (but for `serving.py` and `concurrency.py`, which read its settings)."""
