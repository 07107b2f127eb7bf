"""Train a ResNet on folders of radiographs: the paper's two stages, evaluation, and a new version in models/."""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnosis.errors import DiagnosisError
from training.management.class_arguments import add_class_arguments, choice_of
from training.management.recipe_arguments import (
    DEFAULT_BACKBONE,
    PRESET_DEFAULTS,
    PRESET_NAMES,
    add_recipe_arguments,
    at_least_one,
    recipe_of,
)

if TYPE_CHECKING:
    from training.fitting.parts import Shard
    from training.fitting.plan import Plan
    from training.progress import Progress


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_data_arguments(parser)
        add_class_arguments(parser)
        add_recipe_arguments(parser)
        add_general_arguments(parser)
        add_run_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        options["name"] = options["name"] or default_name(options)
        if options["interrupted"] or options["discard"]:
            self.tidy(options)
        elif options["data"] is None:
            raise CommandError("Name the radiographs with --data.")
        elif options["preset"] == "general":
            self.general(options)
        else:
            self.two_stages(options)

    def tidy(self, options: dict[str, Any]) -> None:
        """List the interrupted runs, or delete the one of this name."""
        from training.fitting.plan import interrupted_runs

        runs = {run.name: run for run in interrupted_runs(options["output"])}
        listed = "\n".join(f"  {run}" for run in runs.values()) or "  none"
        if options["interrupted"]:
            self.stdout.write(f"Interrupted runs in {options['output']}:\n{listed}")
            return
        if options["name"] not in runs:
            raise CommandError(f"There is no interrupted run {options['name']}. Interrupted runs:\n{listed}")
        shutil.rmtree(runs[options["name"]].folder)
        self.stdout.write(f"The interrupted run {options['name']} is deleted. Its features stay in the cache.")

    def two_stages(self, options: dict[str, Any]) -> None:
        from training.data.dataset import DatasetError  # importing Keras takes seconds; --help should not
        from training.fitting.parts import PartDone
        from training.progress import Progress
        from training.runner import check_plan, train

        plan = plan_of(options)
        try:
            check_plan(plan)
            log = None if options["dry_run"] else settings.BASE_DIR / "logs" / f"{plan.name}.log"
            with log_to(log), Progress() as progress:
                if options["dry_run"]:
                    describe(plan, progress)
                    return
                folder = train(plan, progress)
        except (DatasetError, DiagnosisError, RuntimeError, OSError) as error:
            raise CommandError(str(error)) from error
        except PartDone as done:
            self.stdout.write(str(done))
            return
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. What is done is kept; go on with --name {plan.name} --resume.") from None
        self.finish(folder, options)

    def general(self, options: dict[str, Any]) -> None:
        """Two views, left-out sources, lungs, gate and opacities: another chain than the paper's."""
        from training.fitting.parts import PartDone
        from training.general_runner.plan import GeneralPlan
        from training.general_runner.running import train_general, train_without
        from training.progress import Progress

        if options["readings"] is None or options["parts"] is None:
            raise CommandError("The preset general needs --readings and --parts.")
        if choice_of(options):
            raise CommandError("The preset general answers COVID or not; --positive is for the other presets.")
        if options["dry_run"]:
            raise CommandError("--dry-run is for the other presets.")
        if options["backbone"] not in (None, DEFAULT_BACKBONE):
            raise CommandError(
                "The preset general is made for ResNet-152: its gate, its opacities and its two views read maps that "
                f"{options['backbone']} lacks. Leave --backbone out, or choose another --preset."
            )
        plan = GeneralPlan(
            data=options["data"],
            extra=tuple(options["extra"]),
            external=tuple(options["external"]),
            originals=options["originals"],
            readings=options["readings"],
            parts=options["parts"],
            output=options["output"],
            name=options["name"],
            cache=options["cache"],
            seed=123 if options["seed"] is None else options["seed"],
            limit=options["limit"],
            notes=tuple(options["note"]),
            command=command_line(options),
            shard=options["shard"],
        )
        try:
            with log_to(settings.BASE_DIR / "logs" / f"{plan.name}.log"), Progress() as progress:
                if options["leave_out"]:
                    for row in train_without(plan, options["leave_out"], progress):
                        self.stdout.write(json.dumps(row))
                    return
                folder = train_general(plan, progress)
        except PartDone as done:
            shutil.rmtree(plan.work, ignore_errors=True)
            self.stdout.write(str(done))
            return
        except (DiagnosisError, RuntimeError, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.finish(folder, options)

    def finish(self, folder: Path, options: dict[str, Any]) -> None:
        """The figures, and how to serve the version."""
        from training.fitting.tensorboard import write_figures
        from training.publishing.closing import closing_sentence, final_figures

        if options["tensorboard"]:
            write_figures(options["tensorboard"] / options["name"] / "figures", final_figures(folder))
        where = "" if options["output"] == settings.MODELS_DIR else f"MODELS_DIR={shlex.quote(str(options['output']))} "
        serving = f"{where}python manage.py use_model {options['name']}"
        self.stdout.write(" ".join(filter(None, (f"{folder} is complete.", closing_sentence(folder)))))
        self.stdout.write(f"Read MODEL_CARD.md there, and serve it with: {serving}")


def default_name(options: dict[str, Any]) -> str:
    backbone = options["backbone"] or PRESET_DEFAULTS["backbone"].get(options["preset"], DEFAULT_BACKBONE)
    return f"{backbone}-{options['preset']}-{date.today():%Y-%m-%d}"


def plan_of(options: dict[str, Any]) -> Plan:
    from training.fitting.plan import Plan

    return Plan(
        recipe=recipe_of(options),
        data=options["data"],
        extra=tuple(options["extra"]),
        originals=options["originals"],
        external=tuple(options["external"]),
        notes=tuple(options["note"]),
        output=options["output"],
        name=options["name"],
        cache=None if options["no_feature_cache"] else options["cache"],
        limit=options["limit"],
        strict=options["strict"],
        resume=options["resume"],
        command=command_line(options),
        tensorboard=options["tensorboard"],
        choice=choice_of(options),
        shard=options["shard"],
    )


def describe(plan: Plan, progress: Progress) -> None:
    """A dry run: read and split the data, and say what training would do and take."""
    from training.fitting.estimate import described
    from training.runner import prepare_data

    for line in described(plan, *prepare_data(plan, progress)):
        progress.say(line)
    progress.say("Dry run: nothing was trained.")


def add_data_arguments(parser: CommandParser) -> None:
    """What a run reads."""
    parser.add_argument("--data", type=Path, help="Train/ and Test/, or COVID/ and Non-COVID/ (needed to train)")
    parser.add_argument(
        "--extra",
        type=Path,
        action="append",
        default=[],
        help="more images, for training only; repeatable (default: none)",
    )
    parser.add_argument(
        "--originals", type=Path, help="full-size images, to measure what their size changes (default: not measured)"
    )
    parser.add_argument(
        "--external",
        type=Path,
        action="append",
        default=[],
        help="a collection to measure the result on, no more; repeatable (default: none)",
    )
    parser.add_argument(
        "--limit",
        type=at_least_one,
        help="use this many images of --data, of each --extra and of each --external folder, spread evenly over their "
        "classes (default: all)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="stop at the first file that cannot be used (default: drop it and say so)"
    )
    parser.add_argument(
        "--note", action="append", default=[], help="a sentence for the model card; repeatable (default: none)"
    )
    parser.add_argument(
        "--preset",
        choices=(*PRESET_NAMES, "general"),
        default="paper",
        help="defaults of the options below; three are works that the paper compares itself with "
        "(default: %(default)s)",
    )


def add_run_arguments(parser: CommandParser) -> None:
    """Where a run writes, and how it goes on."""
    parser.add_argument("--name", help="name of the version (default: the backbone, the preset and today's date)")
    parser.add_argument(
        "--output", type=Path, default=settings.MODELS_DIR, help="folder of versions (default: the setting MODELS_DIR)"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=settings.BASE_DIR / "cache",
        help="where features are kept for this and later runs (default: cache/ of the project)",
    )
    parser.add_argument(
        "--no-feature-cache", action="store_true", help="run the whole network in every epoch (default: keep features)"
    )
    parser.add_argument(
        "--shard",
        type=a_shard,
        metavar="I/N",
        help="compute the I-th of N shares of the features into --cache, which N machines see, and end (default: all)",
    )
    parser.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="write losses and figures for TensorBoard too (default: no)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the interrupted run of this name (default: refuse)"
    )
    parser.add_argument("--discard", action="store_true", help="delete the interrupted run of this name, and end")
    parser.add_argument("--interrupted", action="store_true", help="list the interrupted runs, and end")
    parser.add_argument(
        "--dry-run", action="store_true", help="read and split the data, say what would be done and what it takes"
    )


def add_general_arguments(parser: CommandParser) -> None:
    """Options of the preset general alone."""
    parser.add_argument(
        "--readings", type=Path, help="radiographs that were read, with boxes (preset general, which needs it)"
    )
    parser.add_argument(
        "--parts",
        type=Path,
        help="a folder with lungs and gate, such as that of a version (preset general, which needs it)",
    )
    parser.add_argument(
        "--leave-out",
        metavar="SOURCE",
        help="say how this source is judged by all others; publishes nothing (default: no)",
    )


def a_shard(text: str) -> Shard:
    """Such as 2/3."""
    from training.fitting.parts import Shard

    try:
        return Shard.parsed(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


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
