"""Options of `train_resnet152`: what a run reads and writes, the recipe, and which options each preset takes."""

from __future__ import annotations

from argparse import ArgumentTypeError, _ArgumentGroup
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser


def add_all_arguments(parser: CommandParser) -> None:
    add_data_arguments(parser.add_argument_group("what it reads"))
    add_recipe_arguments(parser.add_argument_group("recipe of the presets paper and shipped"))
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
        choices=("paper", "shipped", "general"),
        default="paper",
        help="defaults of the options below (default: %(default)s)",
    )


def add_run_arguments(group: _ArgumentGroup) -> None:
    """Where a run writes, and how it goes on."""
    group.add_argument("--name", help="name of the version (default: resnet152, the preset and today's date)")
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


def add_recipe_arguments(group: _ArgumentGroup) -> None:
    """Options whose defaults come from the preset."""
    group.add_argument("--weights", help=f"astra, imagenet, or a Keras weights file {by_preset('weights')}")
    group.add_argument("--epochs", type=none_or_more, help=f"of stage 1, which trains the head {by_preset('epochs')}")
    group.add_argument(
        "--fine-tune-epochs",
        type=none_or_more,
        help=f"of stage 2, which also trains the last layers {by_preset('fine_tune_epochs')}",
    )
    group.add_argument("--learning-rate", type=above_zero, help=f"of Adam in both stages {by_preset('learning_rate')}")
    group.add_argument("--batch-size", type=at_least_one, help=f"images of a step {by_preset('batch_size')}")
    group.add_argument(
        "--unfreeze", type=none_or_more, help=f"layers of the backbone that stage 2 trains {by_preset('unfreeze')}"
    )
    group.add_argument(
        "--freeze-batch-norm",
        action="store_const",
        const=False,
        dest="train_batch_norm",
        help="leave batch normalisation as it is in stage 2 (default: train it)",
    )
    group.add_argument(
        "--views", type=none_or_more, help=f"augmented copies of each training image {by_preset('views')}"
    )
    group.add_argument(
        "--equalise",
        action="store_true",
        default=None,
        help="equalise histograms, also when serving (default: paper no, shipped yes)",
    )
    group.add_argument(
        "--seed", type=none_or_more, help=f"of the split, the order and the first weights {by_preset('seed')}"
    )
    group.add_argument(
        "--split",
        choices=("grouped", "paper"),
        help=f"keep near duplicates in one part, or split as the paper did {by_preset('split')}",
    )


PRESET_DEFAULTS: dict[str, tuple[object, object]] = {
    "weights": ("astra", "astra"),
    "epochs": (25, 0),
    "fine_tune_epochs": (25, 0),
    "learning_rate": (1e-5, 1e-5),
    "batch_size": (32, 32),
    "unfreeze": (10, 10),
    "views": (0, 0),
    "seed": (123, 123),
    "split": ("grouped", "grouped"),
}
"""Of the presets paper and shipped, for --help, which should not wait for Keras; a test compares them."""


def by_preset(name: str) -> str:
    paper, shipped = PRESET_DEFAULTS[name]
    return f"(default: {paper})" if paper == shipped else f"(default: paper {paper}, shipped {shipped})"


def none_or_more(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def at_least_one(text: str) -> int:
    """A whole number from 1 on."""
    if not none_or_more(text):
        raise ArgumentTypeError("it must be 1 or more")
    return int(text)


def above_zero(text: str) -> float:
    """A finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


ONLY_GENERAL = ("readings", "parts", "leave_out")
FLAGS = ("equalise", "strict", "no_feature_cache")
NOT_GENERAL = (*(name for name in PRESET_DEFAULTS if name != "seed"), "train_batch_norm", *FLAGS)
OPTION_NAMES = {"train_batch_norm": "freeze-batch-norm"}


def check_options(options: Mapping[str, Any]) -> None:
    """Raises CommandError for an option that the preset would pass over."""
    foreign = NOT_GENERAL if options["preset"] == "general" else ONLY_GENERAL
    given = [name for name in foreign if (options[name] if name in FLAGS else options[name] is not None)]
    if given:
        named = ", ".join(f"--{OPTION_NAMES.get(name, name).replace('_', '-')}" for name in given)
        raise CommandError(f"The preset {options['preset']} does not take {named}.")
    if options["preset"] == "general" and (options["readings"] is None or options["parts"] is None):
        raise CommandError("The preset general needs --readings and --parts.")
