"""What a model and the code around it must agree on: class order, input size, preprocessing, and the three answers."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from diagnosis.errors import ContractMismatch

IMAGE_SIZE = 224
"""Side of the network's square input, in pixels, where a version does not say another."""
SMALLEST_SIZE, LARGEST_SIZE = 32, 1024
"""A ResNet halves its input five times; larger ones would take minutes."""
ONE_VIEW, TWO_VIEWS = 1, 2
"""Versions of the preprocessing: the whole picture, or the whole picture and the crop to its lungs (views.py)."""


@dataclass(frozen=True)
class Preprocessing:
    """How pixels become the network's input; part of a model's contract and stored in its card."""

    version: int = ONE_VIEW
    equalise: bool = False
    """Histogram equalisation of the grey image after it was resized."""
    size: int = IMAGE_SIZE
    """Side of the square input, in pixels."""

    @property
    def reads_lungs(self) -> bool:
        """Whether the network reads the crop to the lungs as well as the whole picture."""
        return self.version == TWO_VIEWS

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a model card has them; cards of the usual size do not name it."""
        values = asdict(self)
        return values if self.size != IMAGE_SIZE else {name: values[name] for name in values if name != "size"}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read what `as_dict` wrote; raise ContractMismatch where this code cannot honour it exactly."""
        known = {field.name: field.type for field in fields(cls)}
        if unknown := sorted(set(values) - set(known)):
            raise ContractMismatch(f"The model asks for preprocessing that this version lacks: {', '.join(unknown)}.")
        if "version" not in values:
            raise ContractMismatch("The model does not say which version of the preprocessing it was trained with.")
        for name, value in values.items():
            if type(value) is not known[name]:
                raise ContractMismatch(f"The model's preprocessing has a value of the wrong kind for {name}.")
        if values["version"] not in (ONE_VIEW, TWO_VIEWS):
            raise ContractMismatch(
                f"The model needs preprocessing version {values['version']}, this program has {ONE_VIEW} and "
                f"{TWO_VIEWS}."
            )
        return cls(**values).checked()

    def checked(self) -> Self:
        """Raises ContractMismatch for a size that no network here can have."""
        sizes = (IMAGE_SIZE, IMAGE_SIZE) if self.reads_lungs else (SMALLEST_SIZE, LARGEST_SIZE)
        if not sizes[0] <= self.size <= sizes[1]:
            raise ContractMismatch(f"The model asks for pictures of {self.size} pixels, which cannot be made here.")
        return self
