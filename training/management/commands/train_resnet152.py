"""Train the ResNet-152 on folders of radiographs: the paper's two stages, evaluation, and a new version in models/."""

import json
import logging
import os
import shlex
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnosis.errors import DiagnosisError
from diagnosis.inference.contract import Preprocessing


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, help="Train/ and Test/, or COVID/ and Non-COVID/")
        parser.add_argument("--extra", type=Path, action="append", default=[], help="more images, for training only")
        parser.add_argument("--originals", type=Path, help="full-size images, to measure what their size changes")
        parser.add_argument(
            "--external", type=Path, action="append", default=[], help="a collection to measure the result on, no more"
        )
        parser.add_argument("--note", action="append", default=[], help="a sentence for the model card")
        parser.add_argument(
            "--preset", choices=("paper", "shipped", "general"), default="paper", help="defaults of the options below"
        )
        add_recipe_arguments(parser)
        add_general_arguments(parser)
        parser.add_argument("--name", help="name of the version (default: the preset and today's date)")
        parser.add_argument("--output", type=Path, default=settings.MODELS_DIR)
        parser.add_argument("--cache", type=Path, default=settings.BASE_DIR / "cache", help="where features are kept")
        parser.add_argument("--no-feature-cache", action="store_true", help="run the whole network in every epoch")
        parser.add_argument("--limit", type=at_least_one, help="use this many images of each folder")
        parser.add_argument("--strict", action="store_true", help="stop at the first file that cannot be used")
        parser.add_argument("--resume", action="store_true", help="go on with an interrupted run of this name")
        parser.add_argument("--dry-run", action="store_true", help="read and split the data, say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        if options["preset"] == "general":
            self.general(options)
            return
        from training.data.dataset import DatasetError  # importing Keras takes seconds; --help should not
        from training.fitting.plan import Plan
        from training.progress import Progress
        from training.runner import check_plan, prepare_data, train

        recipe = recipe_of(options)
        plan = Plan(
            recipe=recipe,
            data=options["data"],
            extra=tuple(options["extra"]),
            originals=options["originals"],
            external=tuple(options["external"]),
            notes=tuple(options["note"]),
            output=options["output"],
            name=options["name"] or f"resnet152-{options['preset']}-{date.today():%Y-%m-%d}",
            cache=None if options["no_feature_cache"] else options["cache"],
            limit=options["limit"],
            strict=options["strict"],
            resume=options["resume"],
            command=command_line(options),
        )
        try:
            check_plan(plan)
            log = None if options["dry_run"] else settings.BASE_DIR / "logs" / f"{plan.name}.log"
            with log_to(log), Progress() as progress:
                if options["dry_run"]:
                    prepare_data(plan, progress)
                    progress.say("Dry run: nothing was trained.")
                    return
                folder = train(plan, progress)
        except (DatasetError, DiagnosisError, RuntimeError, OSError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. What is done is kept; go on with --name {plan.name} --resume.") from None
        self.stdout.write(f"{folder} is complete: read MODEL_CARD.md, serve it with manage.py use_model {plan.name}")

    def general(self, options: dict[str, Any]) -> None:
        """Two views, left-out sources, lungs, gate and opacities: another chain than the paper's."""
        from training.general_runner.plan import GeneralPlan
        from training.general_runner.running import train_general, train_without
        from training.progress import Progress

        if options["readings"] is None or options["parts"] is None:
            raise CommandError("The preset general needs --readings and --parts.")
        plan = GeneralPlan(
            data=options["data"],
            extra=tuple(options["extra"]),
            external=tuple(options["external"]),
            originals=options["originals"],
            readings=options["readings"],
            parts=options["parts"],
            output=options["output"],
            name=options["name"] or f"resnet152-general-{date.today():%Y-%m-%d}",
            cache=options["cache"],
            seed=123 if options["seed"] is None else options["seed"],
            limit=options["limit"],
            notes=tuple(options["note"]),
            command=command_line(options),
        )
        try:
            with log_to(settings.BASE_DIR / "logs" / f"{plan.name}.log"), Progress() as progress:
                if options["leave_out"]:
                    for row in train_without(plan, options["leave_out"], progress):
                        self.stdout.write(json.dumps(row))
                    return
                folder = train_general(plan, progress)
        except (DiagnosisError, RuntimeError, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{folder} is complete: read MODEL_CARD.md, serve it with manage.py use_model {plan.name}")


def add_general_arguments(parser: CommandParser) -> None:
    """Options of the preset general alone."""
    parser.add_argument("--readings", type=Path, help="radiographs that were read, with boxes (preset general)")
    parser.add_argument(
        "--parts", type=Path, help="a folder with lungs and gate, such as that of a version (preset general)"
    )
    parser.add_argument(
        "--leave-out", metavar="SOURCE", help="say how this source is judged by all others; publishes nothing"
    )


def add_recipe_arguments(parser: CommandParser) -> None:
    """Options whose defaults come from the preset."""
    parser.add_argument("--weights", help="astra, imagenet, or a Keras weights file")
    parser.add_argument("--epochs", type=none_or_more, help="of stage 1, which trains the head")
    parser.add_argument("--fine-tune-epochs", type=none_or_more, help="of stage 2, which also trains the last layers")
    parser.add_argument("--learning-rate", type=above_zero)
    parser.add_argument("--batch-size", type=at_least_one)
    parser.add_argument("--unfreeze", type=none_or_more, help="layers of the backbone that stage 2 trains")
    parser.add_argument("--freeze-batch-norm", action="store_const", const=False, dest="train_batch_norm")
    parser.add_argument("--views", type=none_or_more, help="augmented copies of each training image")
    parser.add_argument("--equalise", action="store_true", default=None, help="equalise histograms, also when serving")
    parser.add_argument("--seed", type=none_or_more)
    parser.add_argument("--split", choices=("grouped", "paper"))


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

    names = ["weights", "epochs", "fine_tune_epochs", "learning_rate", "batch_size", "unfreeze", "train_batch_norm"]
    names += ["views", "seed", "split"]
    recipe = replace(PRESETS[options["preset"]], **{name: options[name] for name in names if options[name] is not None})
    return replace(recipe, preprocessing=Preprocessing(equalise=True)) if options["equalise"] else recipe


def command_line(options: dict[str, Any]) -> str:
    """How to run this again; folders by their names only, which is all that a card should say of a machine."""
    return shlex.join(["python", "manage.py", *map(without_machine, sys.argv[1:])])


def without_machine(word: str) -> str:
    """A word of a command line; an absolute path, alone or after ``--option=``, is cut to its name."""
    option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
    return f"{option}{equals}{Path(value).name if Path(value).is_absolute() else value}"


@contextmanager
def log_to(path: Path | None) -> Iterator[None]:
    """Write the log of training into a file, and nowhere else; None: nowhere."""
    handler: logging.Handler = logging.NullHandler()
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    training_logger = logging.getLogger("training")
    training_logger.addHandler(handler)
    training_logger.setLevel(logging.INFO)
    training_logger.propagate = False
    try:
        yield
    finally:
        training_logger.removeHandler(handler)
        training_logger.propagate = True
        handler.close()
