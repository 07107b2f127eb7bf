"""Twenty radiographers at once, through nginx and gunicorn: `make load` (docs/performance.md).

`run.py` is the whole: radiographs whose answers are known (`pictures.py`), the site as on a server, virtual users
(`users.py`, which locust runs in an environment of its own), what came of it (`findings.py`), and the figures.
"""
