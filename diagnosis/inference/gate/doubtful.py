"""Refuses what the tags leave open and the learned gate cannot see: a person looks at it, and may leave it as it is."""

from collections.abc import Collection

from diagnosis.errors import CorrectableRadiograph, gettext_noop
from diagnosis.imaging.corrections import AS_IS
from diagnosis.imaging.doubts import Doubt


def refuse_doubtful(doubts: Collection[Doubt], *, is_seen: bool) -> None:
    """Raise CorrectableRadiograph for a doubt that is left.

    `is_seen`: the learned gate has looked, and found the picture neither turned nor inverted. It does not tell a
    picture from its mirror image.
    """
    if Doubt.FLIPPED in doubts or (Doubt.TURNED in doubts and not is_seen):
        raise CorrectableRadiograph(
            gettext_noop(
                "The DICOM file says that its picture was turned or flipped, but not which way is up (Patient "
                "Orientation). Compare with the side marker: turn it, export it again, or leave it as it is."
            ),
            code="dicom-turned",
            correction=AS_IS,
        )
    if Doubt.INVERTED in doubts and not is_seen:
        raise CorrectableRadiograph(
            gettext_noop(
                "By the DICOM file’s tags dense tissue may be dark (Pixel Intensity Relationship Sign). "
                "Look at it: invert it, or leave it as it is."
            ),
            code="dicom-inverted",
            correction=AS_IS,
        )
