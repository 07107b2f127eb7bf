"""Folders of images → a version in models/. The rooms; each imports only from those below it:

runner.py      one run, top to bottom
publishing/    assemble, check, describe, quantise a version
fitting/       recipe, features, two stages
evaluation/    figures with intervals, calibration, operating point, plots, shortcut audit
data/          folders, refusals, near duplicates, splits, augmentation
network/       backbone, head, tensors
progress.py    what a person sees of a long computation
"""

import sys

# OpenVINO's converter reports every use to its maker without asking. Where the reporting package cannot be imported
# it falls back on a stub that does nothing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
