"""Training and evaluation of the network, and the assembly of what the site serves."""

import sys

# OpenVINO's converter reports every use to its maker without asking. Where the reporting package cannot be imported
# it falls back on a stub that does nothing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
