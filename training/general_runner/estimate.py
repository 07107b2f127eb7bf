"""What a run of the preset `general` will take, said before it begins (--dry-run)."""

from collections import Counter
from collections.abc import Iterator

from diagnosis.inference.views import VIEWS
from training.evaluation.steadiness import HANDLINGS
from training.fitting.estimate import BYTES_OF_A_VIEW, SECONDS_OF_A_VIEW, VERSION_BYTES, counts_of, refusals_of
from training.fitting.general_features import COPIES
from training.general_runner.plan import GeneralPlan
from training.general_runner.preparation import ReadPictures, copied_of, handled_rows

SHARE_IN_EIGHT_BITS = 0.5
"""Of the time in float32, on a processor that multiplies eight bits (decision 0120)."""


def described(plan: GeneralPlan, read: ReadPictures) -> Iterator[str]:
    """Lines for a person."""
    gathered = read.gathered
    for part in ("train", "test", "extra"):
        yield from counts_of(read.dataset.samples, part, read.dataset.classes)
    for reading, number in sorted(Counter(one.reading for one in read.readings).items()):
        yield f"readings, {reading}: {number}"
    yield from refusals_of(read.dataset.refusals)
    held_back = int(gathered.held_back[gathered.learned].sum())
    yield (
        f"Learned from: {len(gathered.learned)}, of which {held_back} are held back from every left-out head. "
        f"Readings that only opacities use: {len(gathered.judged)}. Test: {len(gathered.test)}."
    )
    yield "Epochs: none, the head is fitted in closed form."
    pooled, maps = number_of_views(plan, read), len(read.readings)
    seconds = (pooled + maps) * SECONDS_OF_A_VIEW * (SHARE_IN_EIGHT_BITS if plan.ranges else 1)
    disk = pooled * BYTES_OF_A_VIEW[False] + maps * BYTES_OF_A_VIEW[True]
    yield (
        f"Estimated for four processors without a GPU: {max(1, round(seconds / 60))} min for {pooled + maps} views "
        f"(those whose features are kept already cost nothing), {disk / 1e9:.1f} GB of kept features and "
        f"{VERSION_BYTES / 1e9:.1f} GB for the version."
    )


def number_of_views(plan: GeneralPlan, read: ReadPictures) -> int:
    """Whole picture and lungs of everything that is read, and of its handled copies."""
    gathered = read.gathered
    copies = len(COPIES) * len(copied_of(plan, [gathered.samples[row] for row in gathered.learned]))
    handled = len(HANDLINGS) * len(handled_rows(gathered, plan.config.handled))
    return len(VIEWS) * (len(gathered.learned) + len(gathered.judged) + copies + handled)
