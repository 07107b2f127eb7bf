"""Left-out sources of a version with classes of its own: its operating point is chosen on hospitals that it never saw.

Only of a head in closed form (`--preset shipped`), which is fitted again without each source in seconds. The leading
class is judged against all others, as everywhere. Without a source that stood alone for a class the head has a class
less, as a site has that sees a disease without a folder.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from diagnosis.findings import COVID_INDEX
from training.data.classes import truth_of
from training.data.splits import Split
from training.evaluation.leave_out import LeftOut, Pictures, Rows, Score, leave_out_each
from training.fitting.general import left_out_together
from training.fitting.inputs import CachedInputs
from training.fitting.recipe import Recipe
from training.network.class_discriminants import fit_class_discriminants

Floats = NDArray[np.float64]


def left_out_classes(inputs: CachedInputs, split: Split, recipe: Recipe) -> tuple[LeftOut, ...]:
    """Each source of the training, validation and test part in turn; none where there are too few sources.

    Heads are fitted on the training part without the changes of augmented views, which may show a left-out source.
    """
    samples = [*split.train, *split.validation, *split.test_part]
    truth = truth_of(samples, split.classes)
    pictures = Pictures(
        labels=np.where(truth[:, COVID_INDEX], COVID_INDEX, COVID_INDEX + 1),
        sources=np.array([sample.hospital or "source unknown" for sample in samples]),
        groups=np.asarray(split.group_numbers(samples)),
        held_back=np.arange(len(samples)) >= len(split.train),
    )
    kinds = left_out_together(pictures)
    if not _both_sides_go(pictures, kinds):
        return ()
    features = inputs.pooled()[inputs.rows(samples)[:, 0]].astype(np.float64)
    sources = np.array([sample.source or "" for sample in samples])  # as the version's own head weighs them
    config = replace(recipe.discriminant, augmentation_weight=0.0)

    def fit(rows: Rows) -> Score:
        there = truth[rows].any(axis=0)  # the leading class is: leave_out asks for both sides
        heads = fit_class_discriminants(features[rows], truth[rows][:, there], sources[rows], config)
        return lambda others: leading_logits(np.stack([head.scores(features[others]) for head in heads], axis=1))

    def leading_logits(scores: Floats) -> Floats:
        """Of scores (n, classes): log-odds of the leading class in the softmax, or of its own sigmoid."""
        leading, others = scores[:, COVID_INDEX], scores[:, COVID_INDEX + 1 :]
        return leading if split.classes.is_multi_label else leading - logsumexp(others, axis=1)

    try:
        return tuple(leave_out_each(pictures, fit, kinds))
    except ValueError:  # without one of the sources nothing of a side is left
        return ()


def _both_sides_go(pictures: Pictures, kinds: dict[str, tuple[str, ...]]) -> bool:
    """Whether a source with the leading class and one without it are left out: of one side alone nothing follows."""
    theirs = np.isin(pictures.sources, [source for sources in kinds.values() for source in sources])
    return len(set(pictures.labels[theirs].tolist())) > 1
