"""Train a ResNet on folders of radiographs: the paper's two stages, evaluation, and a new version in models/."""

from __future__ import annotations

import json
import logging
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnosis.errors import DiagnosisError
from training.greeting import keras_import
from training.management.class_arguments import choice_of
from training.management.recipe_arguments import DEFAULT_BACKBONE, PRESET_DEFAULTS, recipe_of
from training.management.train_options import add_all_arguments, check_options

if TYPE_CHECKING:
    from training.fitting.plan import Plan
    from training.general_runner.plan import GeneralPlan
    from training.progress import Progress


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_all_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        options["name"] = options["name"] or default_name(options)
        if options["interrupted"] or options["discard"]:
            self.tidy(options)
        elif options["data"] is None:
            raise CommandError("Name the radiographs with --data.")
        else:
            check_options(options)
            self.train(options)

    def train(self, options: dict[str, Any]) -> None:
        """To the new version, or to the end of this machine's share of the features."""
        keras_import()
        from training.fitting.parts import PartDone  # importing Keras takes seconds; --help should not

        try:
            folder = self.general(options) if options["preset"] == "general" else self.two_stages(options)
        except PartDone as done:
            if options["preset"] == "general":  # its features are in the cache, and the next run makes the rest anew
                shutil.rmtree(general_plan_of(options).work, ignore_errors=True)
            self.stdout.write(str(done))
        else:
            self.finish(folder, options)

    def tidy(self, options: dict[str, Any]) -> None:
        """List the interrupted runs, or delete the one of this name."""
        from training.fitting.plan import forget_half_written, interrupted_runs

        runs = {run.name: run for run in interrupted_runs(options["output"])}
        listed = "\n".join(f"  {run}" for run in runs.values()) or "  none"
        if options["interrupted"]:
            self.stdout.write(f"Interrupted runs in {options['output']}:\n{listed}")
            return
        if options["name"] not in runs:
            raise CommandError(f"There is no interrupted run {options['name']}. Interrupted runs:\n{listed}")
        shutil.rmtree(runs[options["name"]].folder)
        forget_half_written(options["output"], options["name"])
        self.stdout.write(f"The interrupted run {options['name']} is deleted. Its features stay in the cache.")

    def two_stages(self, options: dict[str, Any]) -> Path | None:
        """The new version's folder; None after a dry run."""
        from training.progress import Progress
        from training.runner import check_plan, train

        plan = plan_of(options)
        with sentences(plan.name):
            check_plan(plan)  # the name too, which the log's is made of
            with log_to(log_of(options)), Progress() as progress:
                if not options["dry_run"]:
                    return train(plan, progress)
                describe(plan, progress)
        return None

    def general(self, options: dict[str, Any]) -> Path | None:
        """Two views, left-out sources, lungs, gate and opacities: another chain than the paper's."""
        from training.general_runner.running import check_general, train_general, train_without
        from training.progress import Progress

        plan = general_plan_of(options)
        with sentences(plan.name):
            check_general(plan)  # the name too, which the log's is made of
            with log_to(log_of(options)), Progress() as progress:
                if not (options["dry_run"] or options["leave_out"]):
                    return train_general(plan, progress)
                if options["dry_run"]:
                    describe_general(plan, progress)
                else:
                    for row in train_without(plan, options["leave_out"], progress):
                        self.stdout.write(json.dumps(row))
        return None

    def finish(self, folder: Path | None, options: dict[str, Any]) -> None:
        """The figures, and how to serve the version, if there is a new one."""
        if folder is None:
            return
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


def general_plan_of(options: dict[str, Any]) -> GeneralPlan:
    from training.general_runner.plan import GeneralPlan

    return GeneralPlan(
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
        resume=options["resume"],
        command=command_line(options),
        shard=options["shard"],
    )


def describe(plan: Plan, progress: Progress) -> None:
    """A dry run: read and split the data, and say what training would do and take."""
    from training.fitting.estimate import described
    from training.runner import prepare_data

    say_all(described(plan, *prepare_data(plan, progress)), progress)


def describe_general(plan: GeneralPlan, progress: Progress) -> None:
    from training.general_runner.estimate import described
    from training.general_runner.preparation import read_pictures

    say_all(described(plan, read_pictures(plan, progress)), progress)


def say_all(lines: Iterable[str], progress: Progress) -> None:
    for line in lines:
        progress.say(line)
    progress.say("Dry run: nothing was trained.")


def command_line(options: dict[str, Any]) -> str:
    """How to run this again; folders by their names only, which is all that a card should say of a machine."""
    return shlex.join(["python", "manage.py", *map(without_machine, sys.argv[1:])])


def without_machine(word: str) -> str:
    """A word of a command line; an absolute path, alone or after ``--option=``, is cut to its name."""
    option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
    return f"{option}{equals}{Path(value).name if Path(value).is_absolute() else value}"


@contextmanager
def sentences(name: str) -> Iterator[None]:
    """What can go wrong with data, disk and plan, as a sentence for the person; Ctrl-C too."""
    from training.data.dataset import DatasetError

    try:
        yield
    except (DatasetError, DiagnosisError, RuntimeError, OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt:
        raise CommandError(f"Stopped. What is done is kept; go on with --name {name} --resume.") from None


def log_of(options: dict[str, Any]) -> Path | None:
    """None for a dry run, which writes nothing."""
    return None if options["dry_run"] else settings.BASE_DIR / "logs" / f"{options['name']}.log"


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
