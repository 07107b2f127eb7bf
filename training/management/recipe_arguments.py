"""Options of train_resnet152 that change the recipe of a preset, and the presets' defaults for --help."""

from argparse import ArgumentTypeError, _ArgumentGroup
from dataclasses import replace
from typing import Any

DEFAULT_BACKBONE = "resnet152"
BACKBONES = ("resnet18", "resnet50", "resnet50v2", "resnet101", DEFAULT_BACKBONE)
PRESET_NAMES = ("paper", "shipped", "showkat-qureshi", "dtlcx", "sreejith-george")
PRESET_DEFAULTS: dict[str, dict[str, object]] = {
    "backbone": {
        "paper": DEFAULT_BACKBONE,
        "showkat-qureshi": "resnet18",
        "dtlcx": "resnet50v2",
        "sreejith-george": "resnet50",
    },
    "weights": {"paper": "astra", "showkat-qureshi": "imagenet", "dtlcx": "imagenet", "sreejith-george": "imagenet"},
    "epochs": {"paper": 25, "shipped": 0, "dtlcx": 50, "sreejith-george": 5},
    "fine_tune_epochs": {"paper": 25, "shipped": 0, "showkat-qureshi": 0, "dtlcx": 0, "sreejith-george": 0},
    "learning_rate": {"paper": 1e-5, "showkat-qureshi": 1e-4},
    "batch_size": {"paper": 32, "showkat-qureshi": 64},
    "unfreeze": {"paper": 10},
    "views": {"paper": 0},
    "seed": {"paper": 123},
    "split": {"paper": "grouped"},
}
"""For --help, which should not wait for Keras; a test compares them. What a preset does not name is the paper's."""


def add_recipe_arguments(parser: _ArgumentGroup) -> None:
    """Options whose defaults come from the preset."""
    parser.add_argument("--backbone", choices=BACKBONES, help=f"the network below the head {by_preset('backbone')}")
    parser.add_argument(
        "--weights", help=f"astra, imagenet, random, or a file of Keras or torchvision {by_preset('weights')}"
    )
    parser.add_argument("--epochs", type=none_or_more, help=f"of stage 1, which trains the head {by_preset('epochs')}")
    parser.add_argument(
        "--fine-tune-epochs",
        type=none_or_more,
        help=f"of stage 2, which also trains the last layers {by_preset('fine_tune_epochs')}",
    )
    parser.add_argument("--learning-rate", type=above_zero, help=f"of Adam in both stages {by_preset('learning_rate')}")
    parser.add_argument("--batch-size", type=at_least_one, help=f"images of a step {by_preset('batch_size')}")
    parser.add_argument(
        "--unfreeze", type=none_or_more, help=f"layers of the backbone that stage 2 trains {by_preset('unfreeze')}"
    )
    parser.add_argument(
        "--freeze-batch-norm",
        action="store_const",
        const=False,
        dest="train_batch_norm",
        help="leave batch normalisation as it is in stage 2 (default: train it)",
    )
    parser.add_argument(
        "--views", type=none_or_more, help=f"augmented copies of each training image {by_preset('views')}"
    )
    parser.add_argument(
        "--equalise",
        action="store_true",
        default=None,
        help="equalise histograms, also when serving (default: no, shipped yes)",
    )
    parser.add_argument(
        "--seed", type=none_or_more, help=f"of the split, the order and the first weights {by_preset('seed')}"
    )
    parser.add_argument(
        "--split",
        choices=("grouped", "paper"),
        help=f"keep near duplicates in one part, or split as the paper did {by_preset('split')}",
    )


def by_preset(name: str) -> str:
    """What --help says of an option's default."""
    paper, *others = PRESET_DEFAULTS[name].items()
    listed = [str(paper[1]), *(f"{preset} {value}" for preset, value in others)]
    return f"(default: {', '.join(listed)})"


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


def recipe_of(options: dict[str, Any]) -> Any:
    """The preset with what was said on the command line."""
    from training.fitting.recipe import PRESETS

    names = (*PRESET_DEFAULTS, "train_batch_norm")
    recipe = replace(PRESETS[options["preset"]], **{name: options[name] for name in names if options[name] is not None})
    equalised = replace(recipe.preprocessing, equalise=True)
    return replace(recipe, preprocessing=equalised) if options["equalise"] else recipe
