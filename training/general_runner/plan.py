"""Where a run of the preset `general` reads and writes, and what it trains."""

from dataclasses import dataclass, field
from pathlib import Path

from diagnosis.inference.artifacts import RANGES, file_sha256
from training.fitting.general import GeneralConfig
from training.fitting.parts import Shard
from training.fitting.plan import work_folder
from training.network.architecture import HeadConfig

WEIGHTS = "astra"
HEAD = HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0, l2=0.0)
ROWS = 14
"""Of the finest map that the head reads."""


@dataclass(frozen=True)
class GeneralPlan:
    """parts: a folder with lungs.npz, lungs.json, gate.npz and gate.json, such as that of a version.

    With int8.npz in it the frozen part runs in eight bits, as it is served, and the version gets these ranges.
    shard: compute this share of the features, and end.
    """

    data: Path
    readings: Path
    parts: Path
    output: Path
    name: str
    cache: Path
    extra: tuple[Path, ...] = ()
    external: tuple[Path, ...] = ()
    originals: Path | None = None
    config: GeneralConfig = field(default_factory=GeneralConfig)
    seed: int = 123
    limit: int | None = None
    notes: tuple[str, ...] = ()
    resume: bool = False
    command: str = ""
    shard: Shard | None = None

    @property
    def work(self) -> Path:
        """What an interrupted run leaves beside its features, which are in the cache."""
        return work_folder(self.output, f"{self.name}{self.shard.suffix if self.shard else ''}")

    @property
    def original_files(self) -> list[Path]:
        """Full-size radiographs, to measure what their size changes."""
        return sorted(path for path in self.originals.rglob("*.*") if path.is_file()) if self.originals else []

    @property
    def ranges(self) -> Path | None:
        """Of the frozen backbone in int8; None: float32."""
        path = self.parts / RANGES
        return path if path.is_file() else None

    @property
    def precision(self) -> str:
        """What features depend on beside the network and the preprocessing."""
        return f" int8 {file_sha256(self.ranges)}" if self.ranges else ""
