"""The benchmark on a toy run: what it writes is as documented, and what was not measured is not made up.

No test here says how fast anything is.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest

from bench import parts
from bench.__main__ import PAGE, main
from bench.document import document_of
from bench.figures import cost_in_views, floor_milliseconds, growth_exponent, targets, training_gain, training_seconds
from bench.lists import timing
from bench.machine import this_machine, versions
from bench.parts import QUICK, BenchPlan, measure
from bench.radiographs import FORMATS, radiograph_file
from bench.sampling import Key, Results, interleaved, measured
from bench.sides import lists_side
from bench.tables import tables, with_tables
from bench.workers import Worker, WorkerFailed
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.gate import check_assessable
from diagnosis.models import Diagnosis
from diagnosis.results import notes as notes_search
from tests.rows import words_need_a_commit

EXAMPLE = Path(__file__).parent / "example.json"
SMALL = replace(
    BenchPlan(),
    arrivals=2000,
    rounds=2,
    process_rounds=2,
    upload_rounds=2,
    training_rounds=2,
    megapixels=(1, 4, 9),
    threads=(1, 2),
)
MILLISECONDS = {"predict": 400.0, "tf_function": 200.0, "openvino": 95.0, "bare": 90.0, "classifier": 96.0}
MILLISECONDS |= {"one_view": 50.0, "lungs": 4.0, "gate": 6.0}
INT8 = {"openvino": 30.0, "bare": 29.0, "classifier": 31.0, "one_view": 16.0}


SEARCHES = {"a search, every order", "API list, every filter"}
"""Where no patient, or no file, has one of the words, these leave out a query for each."""


class ToyWorker:
    """Answers as the real sides do, with the same figures every time."""

    def __init__(self, side: str, environment: dict[str, str], beside: Sequence[str] = ()) -> None:
        self.environment = environment

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def call(self, function: str, **arguments: Any) -> Any:
        if function == "upload":
            assert Path(arguments["path"]).read_bytes() in {name.encode() for name in FORMATS}
            return {"wall": 0.5, "processor": 0.4, "classifier": 0.2}
        if function == "milliseconds":
            return (INT8 if arguments.get("precision") == "int8" else MILLISECONDS)[arguments["contender"]]
        if function == "times":
            return {
                "results list": {"milliseconds": [30.0, 40.0, 35.0], "queries": 9, "name": "all, newest"},
                "statistics of a year, for the first time": {"milliseconds": [9000.0], "queries": 70, "name": ""},
            }
        if function == "measure":
            names = ("classify", "run_jobs", "celery", "classify on one core", "host a", "host b", "both hosts")
            costs = dict.fromkeys(("kB stored", "rows", "kB in the database", "kB through the network"), 20.0)
            return {"images/s": {name: [3.0, 3.5] for name in names}, "service": [0.3, 0.4], "costs": costs}
        if function == "can_be_measured":
            return True
        rates = {"matrix_rate": 540, "int8_rate": 1000, "images_per_second": 10.5}
        return (rates | {"ready": 650, "peak_after": 900}).get(function, 2.0)

    def asks(self, function: str, **arguments: Any):
        return lambda: float(self.call(function, **arguments))


@pytest.fixture
def toy_run(monkeypatch: pytest.MonkeyPatch) -> Results:
    monkeypatch.setattr(parts, "Worker", ToyWorker)
    monkeypatch.setattr(parts, "_has_mariadb", lambda: True)
    monkeypatch.setattr(parts, "find_spec", lambda name: name)
    monkeypatch.setattr(parts, "radiograph_file", lambda name, megapixels, seed: name.encode())
    return measure(SMALL, lambda text: None)


def document(results: Results) -> dict[str, Any]:
    machine = this_machine(busy_before=0.5)
    return document_of(results, machine, versions(), model="toy-1", is_quick=False, measured_at="2026-01-31T12:00:00")


# --- The document -----------------------------------------------------------------------------------------------------


def members(document: Any) -> Any:
    """Names and types of a document's members; of a list those of its first."""
    if isinstance(document, dict):
        return {name: members(value) for name, value in document.items()}
    if isinstance(document, list):
        return [members(value) for value in document[:1]]
    return type(document).__name__


def test_a_run_has_the_form_of_the_stored_example(toy_run):
    written = json.loads(json.dumps(document(toy_run)))
    assert members(written) == members(json.loads(EXAMPLE.read_text(encoding="utf-8")))
    assert {row["part"] for row in written["measurements"]} == {*parts.PARTS, "matrix", "run"}
    assert written["not_measured"] == []


def test_int8_is_not_made_up_where_it_is_not_built(monkeypatch):
    monkeypatch.setattr(parts, "Worker", ToyWorker)
    monkeypatch.setattr(parts, "radiograph_file", lambda name, megapixels, seed: name.encode())
    results = measure(replace(SMALL, has_int8=False), lambda text: None)
    left_out = {"part": "inference", "name": "openvino_int8", "size": 1, "why": parts.NOT_BUILT}
    assert left_out in document(results)["not_measured"]
    assert not [key for key in results.measurements if "int8" in key.name and key.part != "matrix"]
    assert "| OpenVINO int8, with the heat map | not built | not built | not measured |" in "".join(
        tables(results, this_machine(0), "2026-01-31T12:00:00", versions()).values()
    )


def test_an_oversized_file_is_left_out(monkeypatch):
    """A file larger than the site takes is left out and the others are measured."""
    monkeypatch.setattr(parts, "Worker", ToyWorker)
    monkeypatch.setattr(parts, "MAX_FILE_BYTES", len(b"JPEG"))
    monkeypatch.setattr(parts, "radiograph_file", lambda name, megapixels, seed: name.encode())
    results = measure(replace(SMALL, parts=("upload",)), lambda text: None)
    assert {"why": parts.TOO_LARGE, "part": "upload", "name": "DICOM", "size": SMALL.megapixels[0]} in document(
        results
    )["not_measured"]
    measured_names = {key.name for key in results.measurements}
    assert "JPEG beside" in measured_names
    assert "DICOM beside" not in measured_names


def test_a_failed_part_has_its_reason(monkeypatch):
    class Failing(ToyWorker):
        def call(self, function: str, **arguments: Any) -> Any:
            raise WorkerFailed("TensorFlow is not installed")

    monkeypatch.setattr(parts, "Worker", Failing)
    said: list[str] = []
    results = measure(replace(QUICK, parts=("inference",)), said.append)
    assert results.measurements == {}
    assert results.not_measured[Key("inference", "all")] == "TensorFlow is not installed"
    assert results.not_measured[Key("training", "all")] == parts.NOT_QUICK
    assert "TensorFlow is not installed" in said[-1]


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_page_has_a_place_for_every_table(toy_run):
    made = tables(toy_run, this_machine(0), "2026-01-31T12:00:00", versions())
    page = with_tables(PAGE.read_text(encoding="utf-8"), made)
    assert with_tables(page, made) == page
    for name, table in made.items():
        assert f"<!-- bench:{name} -->\n{table}\n<!-- /bench:{name} -->" in page
    assert "Not measured yet" not in page
    assert re.search(r"\| OpenVINO float32, with the heat map \| 95 \(95–95\) \| 95 \(95–95\) \| 4.21 \| 1.11 \|", page)
    assert re.search(r"\| OpenVINO int8, with the heat map \| 30 \(30–30\) \| 30 \(30–30\) \| 13.3 \|", page)
    assert "| results list | 35 (30–40) | 35 (30–40) | 9 |" in page
    assert "| slowest list, search or page of statistics, of most results | ≤ 100 ms | 35 | met |" in page
    assert len(re.findall(r"^\| .* \| met \|$", made["targets"], re.MULTILINE)) >= 8


def test_a_page_without_a_mark_is_refused():
    with pytest.raises(ValueError, match="0 places for the table 'threads'"):
        with_tables("# No marks", {"threads": "| |"})


def test_a_run_that_measured_nothing_says_so():
    made = tables(Results(), this_machine(0), "2026-01-31T12:00:00", versions())
    figures = re.compile(r"\| (met|\*\*not met\*\*) \|")
    assert not any(figures.search(table) for table in made.values())
    assert all("not measured" in made[name] for name in made if name != "machine")


def test_the_command_leaves_the_page_alone(monkeypatch, tmp_path, capsys):
    before = PAGE.read_bytes()
    monkeypatch.setattr("bench.__main__.measure", lambda plan, say: Results())
    monkeypatch.setattr("bench.__main__.served_model", lambda: (tmp_path, "toy-1"))
    main(["--quick", "--output", str(tmp_path / "deep" / "bench.json")])
    written = json.loads((tmp_path / "deep" / "bench.json").read_text())
    assert (written["kind"], written["model"], written["measurements"]) == ("quick", "toy-1", [])
    assert "| target | aimed at | measured |" in capsys.readouterr().out
    assert PAGE.read_bytes() == before


def test_a_part_of_a_run_does_not_touch_the_page(capsys):
    for part in (["--quick"], ["--only", "threads"]):
        with pytest.raises(SystemExit):
            main(["--refresh", *part])
        assert "needs a whole run" in capsys.readouterr().err


def test_a_busy_machine_is_warned_about():
    machine = this_machine(busy_before=0.0)
    for busy, is_warned in ((0.0, False), (machine.cores / 2, True)):
        made = tables(Results(), replace(machine, busy_before=busy), "2026-01-31T12:00:00", versions())
        assert ("kept this machine busy" in made["machine"]) is is_warned


# --- The figures ------------------------------------------------------------------------------------------------------


def results_of(figures: dict[Key, float]) -> Results:
    results = Results()
    results.add([measured(key, "", [value]) for key, value in figures.items()])
    return results


def test_contenders_take_turns_and_the_median_counts():
    asked: list[str] = []

    def contender(name: str, values: list[float]):
        def ask() -> float:
            asked.append(name)
            return values[asked.count(name) - 1]

        return ask

    ways = {Key("part", "a"): contender("a", [5, 1, 2]), Key("part", "b"): contender("b", [8, 7, 9])}
    one, other = interleaved(ways, "ms", rounds=3)
    assert "".join(asked) == "abbaab"
    assert (one.median, one.low, one.high, one.rounds) == (2, 1, 5, 3)
    assert (other.median, other.low, other.high) == (8, 7, 9)


def test_the_floor_is_of_the_faster_product():
    results = results_of({Key("matrix", "numpy"): 100.0, Key("matrix", "tf_matmul"): 231.0})
    assert floor_milliseconds(results) == pytest.approx(100)
    assert floor_milliseconds(Results()) is None


def test_a_target_is_met_missed_or_not_measured():
    results = results_of(
        {
            Key("inference", "predict", 1): 400.0,
            Key("inference", "openvino", 1): 90.0,
            Key("process", "openvino idle"): 701.0,
        }
    )
    met = {target.name: target.met for target in targets(results)}
    assert met["model.predict ÷ OpenVINO float32"] is True
    assert met["memory of an idle serving process, float32"] is False
    assert met["model.predict ÷ OpenVINO int8"] is None


def test_the_cost_of_two_views_counts_lungs_and_gate(toy_run):
    figures = {target.name: target.figure for target in targets(toy_run)}
    assert figures["two views, lungs and gate ÷ one view, float32"] == pytest.approx((95 + 4 + 6) / 50)
    assert figures["two views, lungs and gate ÷ one view, int8"] == pytest.approx((30 + 4 + 6) / 16)
    assert cost_in_views(results_of({Key("inference", "one_view", 1): 50.0}), "") is None


def test_a_whole_training_is_the_sum_of_its_steps():
    figures = {Key("training", "export"): 20.0, Key("training", "frozen"): 0.1}
    for way, step in (("plain", 6.4), ("cached", 0.064)):
        for stage in (1, 2):
            figures |= {
                Key("training", f"{way} step", stage): step,
                Key("training", f"{way} validate", stage): step / 64,
            }
    results = results_of(figures)
    # 1,000 images are 32 steps, 100 more are for validation; 2 stages of 5 epochs
    assert training_seconds(results, "plain", 1000, 5) == pytest.approx(10 * (32 * 6.4 + 100 * 0.1))
    assert training_seconds(results, "cached", 1000, 5) == pytest.approx(
        20 + 1100 * 0.1 + 10 * (32 * 0.064 + 100 * 0.001)
    )
    assert training_gain(results, 1000, 5) == pytest.approx(2148 / 151.48)
    assert training_gain(results_of({Key("training", "frozen"): 0.1})) is None


def test_growth_is_the_log_log_slope():
    assert growth_exponent([1, 4, 9], [10, 40, 90]) == pytest.approx(1)
    assert growth_exponent([1, 4, 9], [10, 20, 30]) == pytest.approx(0.5)
    assert growth_exponent([4], [10]) is None


# --- The parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture_format", FORMATS)
def test_the_radiographs_are_accepted_and_differ(picture_format):
    one, other = (read_radiograph(radiograph_file(picture_format, 1, seed)) for seed in (0, 1))
    assert one.sha256 != other.sha256
    assert (one.format, round(one.pixels.size / 1e6, 2)) == (picture_format, 1)
    check_assessable(one)


def test_a_side_process_answers_or_dies():
    with Worker("tests.bench.toy_side", {}) as worker:
        assert worker.call("doubled", number=21) == 42
        with pytest.raises(WorkerFailed, match="ValueError: nothing to measure"):
            worker.call("failing")
        assert worker.asks("doubled", number=1.5)() == 3.0
        with pytest.raises(WorkerFailed, match="the process ended"):
            worker.call("ending")


@pytest.mark.slow
def test_both_ways_of_training_are_measured_on_a_toy(monkeypatch, tmp_path):
    from bench.sides import training_side
    from tests.training.toy_network import toy_backbone

    monkeypatch.setattr(training_side, "build_backbone", toy_backbone)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    calls: dict[str, Any] = training_side.CALLS
    assert calls["export"](weights="toy") == calls["export"](weights="toy") > 0
    assert calls["frozen"](weights="toy", images=2) > 0
    for way in ("plain", "cached"):
        for stage in (1, 2):
            assert calls["step"](weights="toy", way=way, stage=stage, steps=1) > 0
            assert calls["validate"](weights="toy", way=way, stage=stage, steps=1) > 0


def test_no_mariadb_no_lists(monkeypatch):
    monkeypatch.setattr(parts, "_has_mariadb", lambda: False)
    results = measure(replace(SMALL, parts=("lists",)), lambda text: None)
    assert results.not_measured[Key("lists", "all")] == parts.NO_MARIADB
    assert {target.met for target in targets(results)} == {None}


@pytest.mark.slow
@words_need_a_commit
def test_query_counts_do_not_grow(monkeypatch, media_root):
    """The figures themselves do not matter here."""
    monkeypatch.setattr(timing, "ORDERS", ("newest",))
    monkeypatch.setattr(
        notes_search, "COMMON", 1
    )  # else words are common among 400, take another way, and a query less
    found = []
    for number in (60, 400):
        assert lists_side.CALLS["seed"](total=number) > 0
        assert Diagnosis.objects.count() == number
        found.append(lists_side.CALLS["times"](repeat=1))
    few, many = ({kind: timing["queries"] for kind, timing in times.items()} for times in found)
    assert {kind: few[kind] for kind in few.keys() - SEARCHES} == {kind: many[kind] for kind in many.keys() - SEARCHES}
    assert all(few[kind] <= many[kind] <= few[kind] + 2 for kind in SEARCHES)
    assert {*lists_side.NAMES.values(), lists_side.OTHERS} < set(many)
    assert all(timing["milliseconds"][0] > 0 for timing in found[1].values())


@pytest.mark.slow
def test_the_real_site_is_measured(served_model):
    """One round of uploads through the real site; the figures themselves do not matter here."""
    plan = replace(QUICK, parts=("upload",), megapixels=(1,), model_folder=served_model.folder)
    results = measure(plan, lambda text: None)
    assert results.not_measured.keys().isdisjoint({Key("upload", "all")})
    assert results.sizes("upload", "DICOM beside") == [1]
