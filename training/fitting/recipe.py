"""Everything that decides what a training run does, with the paper's values as defaults."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from diagnosis.inference.contract import Preprocessing
from training.network.architecture import HeadConfig
from training.network.discriminant import DiscriminantConfig


@dataclass(frozen=True)
class Recipe:
    """One training run; kept in the model's card.

    fit: "gradient" is the paper's two stages of Adam; "discriminant" fits a linear head in closed form first, and
    the stages follow if they have epochs.
    unfreeze: layers of the backbone, counted from its end, that stage 2 trains.
    views: augmented copies of each training image, cached with the image itself.
    """

    weights: str = "astra"
    head: HeadConfig = field(default_factory=HeadConfig)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    fit: Literal["gradient", "discriminant"] = "gradient"
    discriminant: DiscriminantConfig = field(default_factory=DiscriminantConfig)
    epochs: int = 25
    fine_tune_epochs: int = 25
    learning_rate: float = 1e-5
    batch_size: int = 32
    unfreeze: int = 10
    train_batch_norm: bool = True
    views: int = 0
    split: Literal["grouped", "paper"] = "grouped"
    seed: int = 123

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


PAPER = Recipe()
"""The paper's recipe; what it does not say (the weights of `astra`) is in docs/decisions/0001-backbone.md."""

SHIPPED = replace(
    PAPER,
    head=HeadConfig(taps=(1, 0), bands=(3, 1), hidden_units=0, l2=0.0),
    preprocessing=Preprocessing(equalise=True),
    fit="discriminant",
    epochs=0,
    fine_tune_epochs=0,
)
"""What did best on hospitals that gave nothing to training: docs/decisions/0003-generalisation.md."""

PRESETS = {"paper": PAPER, "shipped": SHIPPED}
