"""Features shared out over machines: each view is computed once, and the run moves the parts together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.trained import TrainedVersion, toy_in_place_of_resnet152
from training.fitting import features
from training.fitting.features import FeatureStore, StoreInUse, View
from training.fitting.parts import PartDone, Shard, fill_in_parts

SHAPES = [(2, 3), (5,)]
ALL = 40
ONE, TWO = Shard(1, 2), Shard(2, 2)


class Machine:
    """Computes views of `number` into a cache that others see too, and notes which."""

    def __init__(self, cache: Path, stops_after: int = ALL) -> None:
        self.store, self.computed, self.stops_after = FeatureStore(cache, SHAPES), list[int](), stops_after

    def view(self, number: int) -> View:
        def load() -> np.ndarray:
            if len(self.computed) >= self.stops_after:
                raise KeyboardInterrupt
            self.computed.append(number)
            return np.full((4, 4, 3), number, np.float32)

        return View(f"image-{number}", load)

    def run(self, shard: Shard | None = None, number: int = ALL) -> Machine:
        def runner(frozen: object, scratch: Path) -> features.Run:
            return lambda images: [np.stack([np.full(shape, image.flat[0]) for image in images]) for shape in SHAPES]

        views = [self.view(each) for each in range(number)]
        fill_in_parts(self.store, None, views, make_runner=runner, shard=shard)
        return self

    def holds_everything(self) -> bool:
        values = [self.store.tensors(index) for index in range(len(SHAPES))]
        rows = {number: self.store.rows[f"image-{number}"] for number in range(ALL)}
        return all((tensor[row] == number).all() for number, row in rows.items() for tensor in values)


def test_two_machines_give_what_one_gives(tmp_path: Path) -> None:
    first, second = Machine(tmp_path), Machine(tmp_path)
    with pytest.raises(PartDone, match=r"Shard 1/2 .* is done. \d+ of other shards"):
        first.run(ONE)
    second.run(TWO)
    assert sorted(first.computed + second.computed) == list(range(ALL))
    assert min(len(first.computed), len(second.computed)) > ALL // 4
    run = Machine(tmp_path).run()
    assert (run.computed, run.holds_everything()) == ([], True)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_killed_machine_goes_on(tmp_path: Path) -> None:
    """Whichever machine takes its shard up; and the run itself computes what no shard has."""
    killed = Machine(tmp_path, stops_after=10)
    with pytest.raises(KeyboardInterrupt):
        killed.run(ONE)
    half = tmp_path / "part-1-of-2" / "0.bin"
    with half.open("ab") as file:
        file.write(b"\xff" * 5)
    other = Machine(tmp_path)
    with pytest.raises(PartDone):
        other.run(ONE)
    assert set(killed.computed[:8]).isdisjoint(other.computed)
    run = Machine(tmp_path).run()
    assert set(run.computed).isdisjoint(other.computed)
    assert run.holds_everything()


def test_a_part_that_is_being_written_stays(tmp_path: Path) -> None:
    with pytest.raises(PartDone):
        Machine(tmp_path).run(ONE)
    run = Machine(tmp_path)
    with ONE.store(run.store).open_for_writing(), pytest.raises(StoreInUse, match="part-1-of-2"):
        run.run()
    assert run.computed == []
    assert run.run().holds_everything()


def test_the_command_ends_with_its_share(
    trained_version: TrainedVersion, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two shards leave nothing but the cache, and the run computes nothing any more."""
    options = [f"--data={trained_version.data}", f"--output={tmp_path / 'models'}", f"--cache={tmp_path / 'cache'}"]
    with toy_in_place_of_resnet152():
        for shard, said in (("1/2", "of other shards are not there yet"), ("2/2", "All features are there")):
            call_command("train_resnet152", *options, "--epochs=1", "--fine-tune-epochs=1", f"--shard={shard}")
            assert said in capsys.readouterr().out
        assert not (tmp_path / "models").exists()
        monkeypatch.setattr(features, "frozen_runner", None)  # nothing is left to compute
        call_command("train_resnet152", *options, "--epochs=1", "--fine-tune-epochs=1", "--shard=1/1")
        assert "All features are there" in capsys.readouterr().out


@pytest.mark.parametrize("words", ["--shard=0/2", "--shard=3/2", "--shard=half", "--shard=1/2 --no-feature-cache"])
def test_what_is_no_shard_is_refused(trained_version: TrainedVersion, tmp_path: Path, words: str) -> None:
    with pytest.raises(CommandError, match="shard"):
        call_command("train_resnet152", f"--data={trained_version.data}", f"--output={tmp_path}", *words.split())
