"""Everything that decides what a training run does, with the paper's values as defaults."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from diagnosis.inference.contract import Preprocessing
from training.network.architecture import HeadConfig
from training.network.discriminant import DiscriminantConfig
from training.network.resnets import DEFAULT


@dataclass(frozen=True)
class Recipe:
    """One training run; kept in the model's card.

    fit: "gradient" is the paper's two stages of Adam; "discriminant" fits a linear head in closed form first, and
    the stages follow if they have epochs.
    unfreeze: layers of the backbone, counted from its end, that stage 2 trains.
    views: augmented copies of each training image, cached with the image itself.
    mixed_precision: compute in float16 while training; what is kept, judged and served is float32.
    """

    backbone: str = DEFAULT
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
    mixed_precision: bool = False
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

_CITED = replace(PAPER, weights="imagenet", fine_tune_epochs=0)
"""What the works that the paper compares itself with share; the rest is the paper's (docs/comparison.md)."""

SHOWKAT_QURESHI = replace(_CITED, backbone="resnet18", learning_rate=1e-4, batch_size=64)
"""ResNet-18 with batch norm and dropout."""

DTLCX = replace(_CITED, backbone="resnet50v2", head=HeadConfig(first_dropout=0.5, norm=False), epochs=50)
"""ResNet-50 V2 with six layers on top: average, flatten, dropout, dense, dropout, dense."""

SREEJITH_GEORGE = replace(
    _CITED, backbone="resnet50", preprocessing=Preprocessing(size=100), epochs=5, mixed_precision=True
)
"""ResNet-50 on pictures of 100 x 100."""

PRESETS = {
    "paper": PAPER,
    "shipped": SHIPPED,
    "showkat-qureshi": SHOWKAT_QURESHI,
    "dtlcx": DTLCX,
    "sreejith-george": SREEJITH_GEORGE,
}
