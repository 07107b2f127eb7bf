"""Which class an image belongs to: by its folder, its source (`--map`), or a manifest column (`--multi-label`)."""

import re
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diagnosis.findings import CLASS_SEPARATOR, COVID_INDEX, Classes
from training.data.manifest import Origin

NONE = "none"
"""In tables, of a picture that has none of several possible classes."""


class Labelled(Protocol):
    """An image, or the file of one. See training.data.dataset.Sample."""

    @property
    def label(self) -> int: ...
    @property
    def together(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class ClassChoice:
    """What a person said of the classes of a data set.

    positive: the leading one. mapped: (an origin, a source or a class folder; its class, "" to leave it out).
    column: of manifest.csv, with the classes that a picture has together; "" where its folder is its class.
    """

    positive: str
    mapped: tuple[tuple[str, str], ...] = ()
    column: str = ""

    def name_of(self, folder: str, origin: Origin) -> str:
        """The class of an image, "" where it is left out. What is in the leading class's folder stays there."""
        key = self.rule_of(folder, origin)
        return folder if key is None else dict(self.mapped)[key]

    def rule_of(self, folder: str, origin: Origin) -> str | None:
        """What `mapped` knows the image by, the finest name first; None where it says nothing of it."""
        known = () if folder == self.positive else (origin.origin, origin.source, folder)
        return next((name for name in known if name in dict(self.mapped)), None)


def mapping(text: str) -> tuple[str, str]:
    """ "kaggle_viral=Viral" as a command line has it; nothing after the sign leaves the images out."""
    name, sign, of_class = (part.strip() for part in text.partition("="))
    if not (name and sign):
        raise ArgumentTypeError(f"{text!r} is not SOURCE=CLASS")
    return name, of_class


def names_in(text: str | None) -> list[str]:
    """ "COVID; Effusion" or "COVID|Effusion" -> both names."""
    return [name.strip() for name in re.split(r"[;|]", text or "") if name.strip()]


def in_order(positive: str, found: set[str], is_multi_label: bool = False) -> Classes:
    """The leading class, then the others by their names. Raises ValueError where they are no classes of a version."""
    if positive not in found:
        raise ValueError(f"No image is of the class {positive}; there are {', '.join(sorted(found))}")
    return Classes((positive, *sorted(found - {positive})), is_multi_label)


def truth_of(samples: Sequence[Labelled], classes: Classes) -> NDArray[np.bool_]:
    """(n, classes) which image has which class."""
    if classes.is_multi_label:
        has = [np.isin(range(len(classes.names)), sample.together) for sample in samples]
        return np.array(has, bool).reshape(len(samples), len(classes.names))
    return np.array([sample.label for sample in samples], int)[:, None] == np.arange(len(classes.names))


def class_in_words(sample: Labelled, classes: Classes) -> str:
    """As tables and split.csv name it; several are separated as in the manifest."""
    if not classes.is_multi_label:
        return classes.names[sample.label]
    return CLASS_SEPARATOR.join(classes.names[index] for index in sample.together) or NONE


def label_in(text: str, classes: Classes) -> int:
    """Of what `class_in_words` wrote: the index of the class; of several together 0 with the leading one, else 1."""
    if not classes.is_multi_label:
        return classes.names.index(text)
    return COVID_INDEX if classes.leading in names_in(text) else COVID_INDEX + 1
