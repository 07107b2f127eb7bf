"""How fast the project is on the machine it runs on: `make bench` (docs/performance.md).

`run.py` starts each part in a process of its own (`workers.py`, `sides/`), asks the contenders in turn, and so every
ratio is of one run. Nothing of the site or of training imports this package.
"""
