"""Options of train_resnet152 for classes of the data's own: --positive, --map, --multi-label."""

from argparse import _ArgumentGroup
from typing import Any

from django.core.management.base import CommandError

from training.data.classes import ClassChoice, mapping


def add_class_arguments(parser: _ArgumentGroup) -> None:
    parser.add_argument(
        "--positive",
        metavar="CLASS",
        help="the folders have classes of their own, 2 to 14, and this is the leading one, whose probability is the "
        "answer (default: COVID and Non-COVID alone)",
    )
    parser.add_argument(
        "--map",
        type=mapping,
        action="append",
        default=[],
        metavar="SOURCE=CLASS",
        help="images of this origin or source of manifest.csv, or of this folder, are of that class; nothing after the "
        "sign leaves them out; repeatable (default: the folder is the class)",
    )
    parser.add_argument(
        "--multi-label",
        metavar="COLUMN",
        help="a picture may have several classes: their names in this column of manifest.csv, a semicolon between them "
        "(default: one class, its folder)",
    )


def choice_of(options: dict[str, Any]) -> ClassChoice | None:
    """Classes of the data's own, where --positive names the leading one. Raises CommandError."""
    if options["positive"] is None:
        if options["map"] or options["multi_label"]:
            raise CommandError("--map and --multi-label need --positive, the name of the leading class.")
        return None
    if options["map"] and options["multi_label"]:
        raise CommandError("--multi-label reads the classes from its column; --map is for class folders.")
    return ClassChoice(options["positive"], tuple(options["map"]), options["multi_label"] or "")
