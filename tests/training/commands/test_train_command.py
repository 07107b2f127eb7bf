"""manage.py train_resnet152: what it refuses, what a dry run says, and how options change the preset."""

import logging
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from diagnosis.inference.contract import Preprocessing
from tests.trained import VERSION, TrainedVersion
from training import runner
from training.fitting.plan import Plan
from training.fitting.recipe import PAPER, PRESETS, SHIPPED, Recipe
from training.management.commands.train_resnet152 import Command, command_line
from training.management.recipe_arguments import BACKBONES, PRESET_DEFAULTS, PRESET_NAMES, recipe_of
from training.network.architecture import head_layers
from training.network.resnets import RESNETS
from training.progress import Progress

BASE_OPTIONS = {
    *("help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"),
}


@pytest.fixture
def base(settings: Settings, tmp_path: Path) -> Path:
    """The project's folder as the command sees it: cache and log go below it."""
    settings.BASE_DIR = tmp_path / "project"
    settings.BASE_DIR.mkdir()
    return settings.BASE_DIR


@pytest.fixture
def data(trained_version: TrainedVersion, tmp_path: Path) -> Path:
    """A data set that the test may change."""
    return Path(shutil.copytree(trained_version.data, tmp_path / "data"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that would have been run; nothing is trained."""
    plans: list[Plan] = []

    def note(plan: Plan, progress: Progress) -> Path:
        plans.append(plan)
        return plan.output / plan.name

    monkeypatch.setattr(runner, "train", note)
    return plans


def run(data: Path, *words: str, models: Path | None = None) -> None:
    call_command("train_resnet152", f"--data={data}", f"--output={models or data.parent / 'models'}", *words)


def files_below(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def recipe(*words: str) -> Recipe:
    options = vars(Command().create_parser("manage.py", "train_resnet152").parse_args(["--data", "x", *words]))
    return recipe_of(options)


def test_the_defaults_are_the_paper_s():
    assert recipe() == PAPER
    assert (PAPER.epochs, PAPER.fine_tune_epochs, PAPER.learning_rate, PAPER.batch_size) == (25, 25, 1e-5, 32)
    assert (PAPER.unfreeze, PAPER.seed, PAPER.weights, PAPER.split) == (10, 123, "astra", "grouped")
    assert (PAPER.head.hidden_units, PAPER.head.dropout, PAPER.head.l2) == (512, 0.5, 0.001)


def test_options_override_the_preset():
    assert recipe("--preset", "shipped") == SHIPPED
    words = "--epochs=3 --fine-tune-epochs=0 --learning-rate=1e-4 --batch-size=8 --unfreeze=4 --seed=0 --views=2"
    expected = replace(
        PAPER, epochs=3, fine_tune_epochs=0, learning_rate=1e-4, batch_size=8, unfreeze=4, seed=0, views=2
    )
    assert recipe(*words.split()) == expected
    assert recipe("--freeze-batch-norm", "--split", "paper") == replace(PAPER, train_batch_norm=False, split="paper")
    assert recipe("--equalise").preprocessing == Preprocessing(equalise=True)
    assert recipe("--preset", "shipped", "--weights", "imagenet") == replace(SHIPPED, weights="imagenet")
    assert recipe("--backbone", "resnet50") == replace(PAPER, backbone="resnet50")
    assert recipe("--preset", "sreejith-george", "--equalise").preprocessing == Preprocessing(equalise=True, size=100)


def test_the_cited_recipes_are_as_published():
    showkat, dtlcx, sreejith = (PRESETS[name] for name in ("showkat-qureshi", "dtlcx", "sreejith-george"))
    assert (showkat.backbone, showkat.learning_rate, showkat.batch_size) == ("resnet18", 1e-4, 64)
    assert (showkat.head.norm, showkat.head.dropout) == (True, 0.5)
    assert (dtlcx.backbone, dtlcx.learning_rate, dtlcx.batch_size, dtlcx.epochs) == ("resnet50v2", 1e-5, 32, 50)
    kinds = [layer.name for layer in head_layers(dtlcx.head, 0)]
    assert kinds == ["head_first_dropout", "head_hidden", "head_dropout", "head_softmax"]
    assert (sreejith.backbone, sreejith.preprocessing.size, sreejith.epochs) == ("resnet50", 100, 5)
    assert sreejith.mixed_precision


@pytest.mark.parametrize(
    "words",
    [
        ("--epochs", "-1"),
        ("--batch-size", "0"),
        ("--learning-rate", "0"),
        ("--learning-rate", "nan"),
        ("--learning-rate", "quick"),
        ("--limit", "0"),
        ("--views", "1.5"),
        ("--unfreeze", "-3"),
        ("--split", "random"),
    ],
    ids=" ".join,
)
def test_a_value_that_makes_no_sense_is_refused(base, data, asked, words):
    with pytest.raises(CommandError, match=f"argument {words[0]}"):
        run(data, *words)
    assert asked == []


def without_a_class(data: Path) -> None:
    shutil.rmtree(data / "Train" / "COVID")


def with_a_strange_folder(data: Path) -> None:
    (data / "Train" / "Pneumonia").mkdir()


def with_an_empty_class(data: Path) -> None:
    for path in (data / "Train" / "COVID").iterdir():
        path.unlink()


def with_too_few_images(data: Path) -> None:
    for path in sorted((data / "Train" / "Non-COVID").iterdir())[6:]:
        path.unlink()


def with_damaged_images(data: Path) -> None:
    for path in sorted((data / "Train" / "Non-COVID").iterdir())[6:]:
        path.write_bytes(path.read_bytes()[:500])


FAULTS = {
    without_a_class: "lacks the class folder COVID",
    with_a_strange_folder: "Pneumonia that means nothing here",
    with_an_empty_class: "holds no image",
    with_too_few_images: "6 usable Non-COVID images for train, and at least 7 are needed",
    with_damaged_images: "6 usable Non-COVID images for train, and at least 7 are needed",
    shutil.rmtree: "no folder",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda function: function.__name__)
def test_unusable_data_leave_nothing(base, data, monkeypatch, fault):
    """Data that cannot be used are refused and nothing is left."""
    fault(data)
    monkeypatch.setattr(runner, "train_network", None)  # no work is begun
    with pytest.raises(CommandError, match=FAULTS[fault]):
        run(data)
    assert not (data.parent / "models").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("--preset=general", "--readings=r", "--parts=p", "--epochs=3", "--freeze-batch-norm"),
            "general does not take --epochs, --freeze-batch-norm",
        ),
        (("--preset=general", "--readings=r", "--parts=p", "--strict"), "general does not take --strict"),
        (("--preset=shipped", "--leave-out=siim"), "shipped does not take --leave-out"),
        (("--preset=general", "--parts=p"), "needs --readings and --parts"),
    ],
)
def test_an_option_of_another_preset_is_refused(base, data, words, complaint):
    """It would be passed over, and the card would say that it was given."""
    with pytest.raises(CommandError, match=complaint):
        run(data, *words)


IMPOSSIBLE = {
    "--backbone=resnet50": "The Astra weights are those of a ResNet-152: for ResNet-50, name others",
    "--preset=showkat-qureshi": r"no ImageNet weights of ResNet-18: name torchvision's file \(resnet18-",
    "--preset=dtlcx --weights=x.pth": "torchvision has no ResNet-50 V2",
    "--preset=general --backbone=resnet18 --readings=x --parts=x": "made for ResNet-152: its gate.*that resnet18 lacks",
}


@pytest.mark.parametrize("words", IMPOSSIBLE)
def test_what_a_backbone_cannot_is_refused(base, data, words):
    with pytest.raises(CommandError, match=IMPOSSIBLE[words]):
        run(data, *words.split())
    assert not (data.parent / "models").exists()


def test_strict_stops_at_a_bad_file_and_names_it(base, data):
    (data / "Train" / "COVID" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(CommandError, match=r"Train/COVID/broken\.jpg cannot be used"):
        run(data, "--strict", "--dry-run")


def test_an_existing_version_is_refused(base, data, trained_version):
    shutil.rmtree(data)
    with pytest.raises(CommandError, match=f"{VERSION} exists already"):
        run(data, "--name", VERSION, models=trained_version.models_dir)


def test_a_name_cannot_lead_out_of_the_folder(base, data, tmp_path):
    before = files_below(tmp_path)
    with pytest.raises(CommandError, match="is not a model version"):
        run(data, "--name", "../../elsewhere")
    assert files_below(tmp_path) == before


def test_a_dry_run_writes_nothing(base, data, tmp_path, capsys):
    (data / "Train" / "COVID" / "0.png").write_bytes(b"no picture")
    before = files_below(tmp_path)
    run(data, "--dry-run", "--limit", "40")
    said = capsys.readouterr().err
    assert "39 images, 1 refused" in said
    assert "Dropped 1: The file is not a JPEG" in said
    assert "(first: Train/COVID/0.png)" in said
    assert "train, COVID: " in said
    assert "(source unknown " in said
    assert "at most 25 of stage 1" in said
    assert "GB for the version." in said
    assert "Dry run: nothing was trained." in said
    assert files_below(tmp_path) == before


def test_the_run_is_what_was_asked_for(base, data, asked):
    run(data, "--preset", "shipped", "--name", "mine", "--limit", "30", "--note", "A sentence.", "--resume")
    [plan] = asked
    assert (plan.recipe, plan.name, plan.limit, plan.notes, plan.resume) == (
        SHIPPED,
        "mine",
        30,
        ("A sentence.",),
        True,
    )
    assert plan.cache == base / "cache"
    run(data, "--no-feature-cache")
    assert asked[1].cache is None
    assert asked[1].name.startswith("resnet152-paper-20")
    run(data, "--preset", "dtlcx")
    assert asked[2].name.startswith("resnet50v2-dtlcx-20")


def test_a_log_is_kept_for_the_run(base, data, monkeypatch):
    """A log is kept and the site s own logging stays as it was."""

    def train(plan: Plan, progress: Progress) -> Path:
        progress.say("Something was done")
        return plan.output

    monkeypatch.setattr(runner, "train", train)
    handlers = list(logging.getLogger("training").handlers)
    run(data, "--name", "mine")
    assert "Something was done" in (base / "logs" / "mine.log").read_text()
    assert logging.getLogger("training").handlers == handlers
    assert logging.getLogger("training").propagate


def test_ctrl_c_says_how_to_go_on(base, data, monkeypatch):
    def interrupt(plan: Plan, progress: Progress) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "train", interrupt)
    with pytest.raises(CommandError, match=r"go on with --name mine --resume"):
        run(data, "--name", "mine")


def test_a_full_disk_is_a_sentence(base, data, monkeypatch):
    def fail(plan: Plan, progress: Progress) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runner, "train", fail)
    with pytest.raises(CommandError, match="No space left on device"):
        run(data, "--name", "mine")


def test_the_cards_command_has_no_local_path(monkeypatch):
    words = ["--data", "/srv/ann/cxr data", "--originals=/srv/ann/originals", "--extra", "../extra", "--epochs=3"]
    monkeypatch.setattr(sys, "argv", ["manage.py", "train_resnet152", *words])
    assert command_line({}) == (
        "python manage.py train_resnet152 --data 'cxr data' --originals=originals --extra ../extra --epochs=3"
    )


def test_the_help_tells_the_presets_defaults():
    """Without waiting for Keras; and every option has a sentence."""
    assert (tuple(PRESETS), tuple(RESNETS)) == (PRESET_NAMES, BACKBONES)
    for name, told_of in PRESET_DEFAULTS.items():
        told_defaults = {preset: told_of.get(preset, told_of["paper"]) for preset in PRESETS}
        assert told_defaults == {preset: getattr(recipe, name) for preset, recipe in PRESETS.items()}
    parser = Command().create_parser("manage.py", "train_resnet152")
    own = [action for action in parser._actions if action.dest not in BASE_OPTIONS]
    assert [action.dest for action in own if not action.help] == []
    told = [action.dest for action in own if "default" not in (action.help or "") and action.nargs != 0]
    assert told == ["data", "readings", "parts"], "which a run needs"


def test_interrupted_runs_are_listed_and_deleted(base, data, tmp_path, capsys):
    models = tmp_path / "models"
    for name in ("one", "two"):
        (models / f".training-{name}").mkdir(parents=True)
        (models / f".training-{name}" / "history.jsonl").write_text("{}")
    run(data, "--interrupted")
    assert "one (last step" in capsys.readouterr().out
    with pytest.raises(CommandError, match=r"--resume, or delete it with --discard.*two"):
        run(data, "--name", "one")
    half_written = [models / f".{name}-rtg74b07" for name in ("one", "two", "one-more")]
    for folder in half_written:
        folder.mkdir()
    run(data, "--discard", "--name", "one")
    assert not (models / ".training-one").exists()
    assert (models / ".training-two").exists()
    assert [folder.exists() for folder in half_written] == [False, True, True]
    with pytest.raises(CommandError, match="There is no interrupted run one"):
        run(data, "--discard", "--name", "one")


def test_the_suggested_command_serves_the_version(base, data, asked, capsys):
    run(data, "--name", "mine")
    models = data.parent / "models"
    assert f"MODELS_DIR={models} python manage.py use_model mine" in capsys.readouterr().out
