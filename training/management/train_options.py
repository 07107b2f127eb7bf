"""Options of `train_resnet152`: what a run reads and writes, the recipe, and which options each preset takes."""

from __future__ import annotations

from argparse import ArgumentTypeError, _ArgumentGroup
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from training.management.class_arguments import add_class_arguments, choice_of
from training.management.recipe_arguments import (
    DEFAULT_BACKBONE,
    PRESET_DEFAULTS,
    PRESET_NAMES,
    add_recipe_arguments,
    at_least_one,
)

if TYPE_CHECKING:
    from training.fitting.parts import Shard


def add_all_arguments(parser: CommandParser) -> None:
    add_data_arguments(parser.add_argument_group("what it reads"))
    add_class_arguments(parser.add_argument_group("classes, of all presets but general"))
    add_recipe_arguments(parser.add_argument_group("recipe of all presets but general"))
    add_general_arguments(parser.add_argument_group("options of the preset general"))
    add_run_arguments(parser.add_argument_group("where it writes, and how it goes on"))


def add_data_arguments(group: _ArgumentGroup) -> None:
    """What a run reads."""
    group.add_argument("--data", type=Path, help="Train/ and Test/, or COVID/ and Non-COVID/ (needed to train)")
    group.add_argument(
        "--extra",
        type=Path,
        action="append",
        default=[],
        help="more images, for training only; repeatable (default: none)",
    )
    group.add_argument(
        "--originals", type=Path, help="full-size images, to measure what their size changes (default: not measured)"
    )
    group.add_argument(
        "--external",
        type=Path,
        action="append",
        default=[],
        help="a collection to measure the result on, no more; repeatable (default: none)",
    )
    group.add_argument(
        "--limit",
        type=at_least_one,
        help="use this many images of --data, of each --extra and of each --external folder, spread evenly over their "
        "classes (default: all)",
    )
    group.add_argument(
        "--strict", action="store_true", help="stop at the first file that cannot be used (default: drop it and say so)"
    )
    group.add_argument(
        "--note", action="append", default=[], help="a sentence for the model card; repeatable (default: none)"
    )
    group.add_argument(
        "--preset",
        choices=(*PRESET_NAMES, "general"),
        default="paper",
        help="defaults of the recipe; three are works that the paper compares itself with (default: %(default)s)",
    )


def add_run_arguments(group: _ArgumentGroup) -> None:
    """Where a run writes, and how it goes on."""
    group.add_argument("--name", help="name of the version (default: the backbone, the preset and today's date)")
    group.add_argument(
        "--output", type=Path, default=settings.MODELS_DIR, help="folder of versions (default: the setting MODELS_DIR)"
    )
    group.add_argument(
        "--cache",
        type=Path,
        default=settings.BASE_DIR / "cache",
        help="where features are kept for this and later runs (default: cache/ of the project)",
    )
    group.add_argument(
        "--no-feature-cache", action="store_true", help="run the whole network in every epoch (default: keep features)"
    )
    group.add_argument(
        "--shard",
        type=a_shard,
        metavar="I/N",
        help="compute the I-th of N shares of the features into --cache, which N machines see, and end (default: all)",
    )
    group.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="write losses and figures for TensorBoard too (default: no)"
    )
    group.add_argument(
        "--resume", action="store_true", help="go on with the interrupted run of this name (default: refuse)"
    )
    group.add_argument("--discard", action="store_true", help="delete the interrupted run of this name, and end")
    group.add_argument("--interrupted", action="store_true", help="list the interrupted runs, and end")
    group.add_argument(
        "--dry-run", action="store_true", help="read and split the data, say what would be done and what it takes"
    )


def add_general_arguments(group: _ArgumentGroup) -> None:
    """Options of the preset general alone."""
    group.add_argument(
        "--readings", type=Path, help="radiographs that were read, with boxes (preset general, which needs it)"
    )
    group.add_argument(
        "--parts",
        type=Path,
        help="a folder with lungs and gate, such as that of a version (preset general, which needs it)",
    )
    group.add_argument(
        "--leave-out",
        metavar="SOURCE",
        help="say how this source is judged by all others; publishes nothing (default: no)",
    )


def a_shard(text: str) -> Shard:
    """Such as 2/3."""
    from training.fitting.parts import Shard  # importing Keras takes seconds; --help should not

    try:
        return Shard.parsed(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


ONLY_GENERAL = ("readings", "parts", "leave_out")
FLAGS = ("equalise", "strict", "no_feature_cache")
NOT_GENERAL = (*(name for name in PRESET_DEFAULTS if name not in ("seed", "backbone")), "train_batch_norm", *FLAGS)
OPTION_NAMES = {"train_batch_norm": "freeze-batch-norm"}


def check_options(options: dict[str, Any]) -> None:
    """Raises CommandError for an option that the preset would pass over."""
    foreign = NOT_GENERAL if options["preset"] == "general" else ONLY_GENERAL
    given = [name for name in foreign if (options[name] if name in FLAGS else options[name] is not None)]
    if given:
        named = ", ".join(f"--{OPTION_NAMES.get(name, name).replace('_', '-')}" for name in given)
        raise CommandError(f"The preset {options['preset']} does not take {named}.")
    if options["preset"] == "general" and choice_of(options):
        raise CommandError(
            "The preset general answers COVID or not: its lungs, opacities and appearances are made for that. For "
            "classes of your own use --preset shipped, which also chooses its operating point on left-out sources."
        )
    if options["preset"] == "general" and options["backbone"] not in (None, DEFAULT_BACKBONE):
        raise CommandError(
            "The preset general is made for ResNet-152: its gate, its opacities and its two views read maps that "
            f"{options['backbone']} lacks. Leave --backbone out, or choose another --preset."
        )
    if options["preset"] == "general" and (options["readings"] is None or options["parts"] is None):
        raise CommandError("The preset general needs --readings and --parts.")
