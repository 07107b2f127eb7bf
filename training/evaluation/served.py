"""What a served version says of many radiographs: probabilities, what its gate limits or refuses, maps of opacities."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from diagnosis.errors import RadiographRejected
from diagnosis.findings import USUAL_CLASSES, Classes, Verdict
from diagnosis.inference.classifier import Classification, Classifier
from diagnosis.inference.lungs import WHOLE_PICTURE
from training.data.dataset import NONE_REFUSED, Refused, Sample, read_image, refused_of
from training.data.readings import Reading
from training.evaluation.judgement import Scored
from training.evaluation.opacity_judgement import BoxFigures, box_figures

AT_ONCE = 4
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class Served:
    """Of the samples that were answered: probabilities (n,) and whether quality limits the answer (n,). The refused."""

    samples: list[Sample] = field(default_factory=list)
    answers: list[Classification] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    refused_samples: list[Sample] = field(default_factory=list)
    classes: Classes = USUAL_CLASSES

    @property
    def probabilities(self) -> NDArray[np.float64]:
        return np.array([answer.probability for answer in self.answers])

    @property
    def limited(self) -> NDArray[np.bool_]:
        return np.array([is_limited(answer) for answer in self.answers], bool)

    def refused(self, before: Refused) -> Refused:
        """With those that the reader or the rules refused before."""
        own = refused_of(self.refused_samples, self.classes)
        each = tuple(map(sum, zip(own.each, before.each or (0,) * len(own.each), strict=True)))
        return Refused(before.covid + own.covid, before.non_covid + own.non_covid, each)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Calibrated probabilities of all classes, (n, classes), of a version with classes of its own."""
        return np.array([[one.probability, *(other.probability for other in one.findings)] for one in self.answers])

    @property
    def scored(self) -> Scored:
        """As the figures of a part are computed from it."""
        raw = np.array([answer.raw_probability for answer in self.answers])
        return Scored(tuple(self.samples), raw, refused=self.refused(NONE_REFUSED), limited=self.limited)


def is_limited(answer: Classification) -> bool:
    return answer.quality is not None and answer.quality.verdict is not Verdict.OK


def served_answers(classifier: Classifier, samples: Iterable[Sample], classes: Classes = USUAL_CLASSES) -> Served:
    """Every sample as the site would answer it; some at once, as a site has them. classes: of the samples."""
    served = Served(classes=classes)

    def answered(sample: Sample) -> tuple[Sample, Classification | RadiographRejected]:
        try:
            return sample, classifier.classify(read_image(sample.path))
        except RadiographRejected as error:
            return sample, error

    for sample, answer in some_at_once(answered, samples):
        if isinstance(answer, RadiographRejected):
            served.refusals[sample.name] = str(answer)
            served.refused_samples.append(sample)
        else:
            served.samples.append(sample)
            served.answers.append(answer)
    return served


def some_at_once(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The results in the order of the items, which are taken only when they are worked on."""
    waiting = iter(items)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while batch := list(islice(waiting, 4 * AT_ONCE)):
            yield from pool.map(work, batch)


def served_boxes(classifier: Classifier, readings: Iterable[Reading]) -> list[BoxFigures]:
    """How well the version's map lies in the readers' boxes, for each reading that has some."""
    found: dict[str, list[tuple[np.ndarray, Any]]] = {}
    for one in readings:
        if not one.boxes:
            continue
        try:
            answer = classifier.classify(read_image(one.path))
        except RadiographRejected:
            continue
        heat = answer.opacities.map if answer.opacities else answer.heat_map
        found.setdefault(one.reading, []).append((heat, one.boxes))
    figures = (_figures(reading, pairs) for reading, pairs in found.items())
    return [one for one in figures if one]


def _figures(reading: str, pairs: list[tuple[np.ndarray, Any]]) -> BoxFigures | None:
    maps = np.stack([heat for heat, _boxes in pairs]).astype(np.float32)
    return box_figures(reading, maps, [boxes for _heat, boxes in pairs], [WHOLE_PICTURE] * len(pairs))
