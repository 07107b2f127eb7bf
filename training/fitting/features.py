"""The frozen part of the network, run once for each image and kept on disk.

A frozen network gives the same output for the same image in every epoch. So each image passes through it once; only
the trained tail runs in every epoch (docs/decisions/0002-feature-cache.md). A store is a folder of two kinds of files:
``<i>.bin`` holds the i-th boundary tensor, one row after the other, float32; ``keys`` names the rows, one line each,
and is written last. A run that was interrupted goes on where it stopped, and other runs use the same rows.
"""

import fcntl
import hashlib
import importlib
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.grad_cam import as_list
from training.network.tensors import named_tensors, tensors_sha256

FLOAT_BYTES = 4
BATCH = 8

Loader = Callable[[], np.ndarray]
"""Gives one preprocessed image, (size, size, 3) float32."""
Run = Callable[[np.ndarray], list[np.ndarray]]
"""Images (n, size, size, 3) -> the frozen network's outputs, (n, *shape) float32 each."""
MakeRunner = Callable[[keras.Model, Path], Run]
"""Of a frozen network; the folder is for files of its own."""


class NotEnoughSpace(RuntimeError):
    """The disk cannot hold the features."""


class StoreInUse(RuntimeError):
    """Another run adds rows to the same store."""


@dataclass(frozen=True)
class View:
    """One image under one augmentation: ``key`` names the decoded pixels and the view, ``load`` makes the input."""

    key: str
    load: Loader


@dataclass
class FeatureStore:
    """Rows of boundary tensors of one frozen network, by key."""

    folder: Path
    shapes: list[tuple[int, ...]]
    rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._read_keys()

    @contextmanager
    def open_for_writing(self) -> Iterator[None]:
        """What another run has added is read, and a half-written end is cut off. Raises StoreInUse."""
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreInUse(
                    f"Another run is computing the same features in {self.folder}. Wait for it, and then use them."
                ) from None
            self._read_keys()
            self._cut_off_half_rows()
            yield

    def _read_keys(self) -> None:
        """Rows count only when every file holds them whole."""
        whole = [self._path(i).stat().st_size // self._row_bytes(i) for i in self._indices() if self._path(i).exists()]
        keys = self._keys_path.read_text().splitlines() if self._keys_path.exists() else []
        count = min([len(keys), *whole]) if len(whole) == len(self.shapes) else 0
        self.rows = {key: row for row, key in enumerate(keys[:count])}

    def _cut_off_half_rows(self) -> None:
        for i in self._indices():
            with self._path(i).open("ab") as file:
                file.truncate(len(self.rows) * self._row_bytes(i))
        self._keys_path.write_text("".join(f"{key}\n" for key in self.rows))

    def append(self, keys: Sequence[str], tensors: Sequence[np.ndarray]) -> None:
        """Add one row per key; tensors: one array (len(keys), *shape) float32 for each boundary tensor."""
        for i, tensor in enumerate(tensors):
            with self._path(i).open("ab") as file:
                file.write(np.ascontiguousarray(tensor, np.float32).tobytes())
        with self._keys_path.open("a") as file:
            file.writelines(f"{key}\n" for key in keys)
        for key in keys:
            self.rows[key] = len(self.rows)

    def missing(self, keys: Sequence[str]) -> list[str]:
        return [key for key in dict.fromkeys(keys) if key not in self.rows]

    def tensors(self, index: int) -> np.ndarray:
        """All rows of one boundary tensor, (rows, *shape) float32, mapped from disk."""
        return np.memmap(self._path(index), np.float32, "r", shape=(len(self.rows), *self.shapes[index]))

    def bytes_needed(self, rows: int) -> int:
        return rows * sum(self._row_bytes(i) for i in self._indices())

    def check_space(self, rows: int) -> None:
        """Raise NotEnoughSpace unless the disk can take this many more rows."""
        needed, free = self.bytes_needed(rows), shutil.disk_usage(self.folder).free
        if needed > free:
            raise NotEnoughSpace(
                f"The features of {rows} images and views need {needed / 1e9:.1f} GB, and {self.folder} has "
                f"{free / 1e9:.1f} GB free. Free some, point --cache elsewhere, or use --no-feature-cache."
            )

    def _indices(self) -> range:
        return range(len(self.shapes))

    def _row_bytes(self, index: int) -> int:
        return int(np.prod(self.shapes[index])) * FLOAT_BYTES

    def _path(self, index: int) -> Path:
        return self.folder / f"{index}.bin"

    @property
    def _keys_path(self) -> Path:
        return self.folder / "keys"


def store_for(root: Path, frozen: keras.Model, preprocessing: Preprocessing, further: str = "") -> FeatureStore:
    """The store of this frozen network and preprocessing below ``root``.

    further: what else the values depend on, and neither of them says.
    """
    shapes = [tuple(output.shape[1:]) for output in frozen.outputs]
    named = f"{tensors_sha256(named_tensors(frozen))} {preprocessing.as_dict()} {shapes}{further}"
    return FeatureStore(root / hashlib.sha256(named.encode()).hexdigest()[:16], shapes)


def fill_store(
    store: FeatureStore,
    frozen: keras.Model,
    views: Sequence[View],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    make_runner: MakeRunner | None = None,
) -> None:
    """Run every view that the store lacks through the frozen network, in batches of bounded memory.

    on_progress is called with the number of views that are there and of all. Raises NotEnoughSpace or StoreInUse before
    any work.
    """
    by_key = {view.key: view for view in views}
    if not store.missing(list(by_key)):
        return
    with store.open_for_writing():
        todo = [by_key[key] for key in store.missing(list(by_key))]
        if not todo:  # another run has just finished them
            return
        store.check_space(len(todo))
        done = len(by_key) - len(todo)
        run = (make_runner or frozen_runner)(frozen, store.folder)
        for keys, images in _loaded_batches(todo):
            store.append(keys, run(images))
            done += len(keys)
            on_progress(done, len(by_key))


def _loaded_batches(views: Sequence[View]) -> Iterator[tuple[list[str], np.ndarray]]:
    """Keys and images, batch by batch; the next batch is decoded while the network works on this one."""
    waiting: deque[tuple[Sequence[View], Future[np.ndarray]]] = deque()
    with ThreadPoolExecutor(1) as pool:
        for start in range(0, len(views) + BATCH, BATCH):
            if batch := views[start : start + BATCH]:
                waiting.append((batch, pool.submit(_load, batch)))
            if start or not batch:
                loaded, images = waiting.popleft()
                yield [view.key for view in loaded], images.result()


def _load(views: Sequence[View]) -> np.ndarray:
    return np.stack([view.load() for view in views])


def frozen_runner(frozen: keras.Model, scratch: Path) -> Run:
    """Keras on a GPU where its backend sees one; else OpenVINO, the fastest on a CPU (docs/performance.md)."""
    if gpu_is_visible():
        return lambda images: [
            keras.ops.convert_to_numpy(tensor) for tensor in as_list(frozen.predict_on_batch(images))
        ]
    return openvino_runner(frozen, scratch)


def gpu_is_visible() -> bool:
    """To the backend of Keras (KERAS_BACKEND); with jax or torch a machine with a GPU needs no TensorFlow."""
    backend = keras.backend.backend()
    if backend == "jax":
        jax: Any = importlib.import_module("jax")
        return bool(jax.default_backend() == "gpu")
    if backend == "torch":
        torch: Any = importlib.import_module("torch")
        return bool(torch.cuda.is_available())
    tensorflow: Any = importlib.import_module("tensorflow")
    return bool(tensorflow.config.list_physical_devices("GPU"))


def openvino_runner(frozen: keras.Model, scratch: Path) -> Run:
    """The frozen network compiled by OpenVINO in float32; outputs in the network's order."""
    return compiled_runner(frozen_graph(frozen, scratch), len(frozen.outputs))


def frozen_graph(frozen: keras.Model, scratch: Path) -> Path:
    """The network's graph in the folder, exported once."""
    graph = scratch / "frozen.xml"
    if not graph.exists():  # exported aside and renamed: an interrupted export must not look whole
        frozen.export(str(scratch / "export.xml"), format="openvino", verbose=False)
        (scratch / "export.bin").rename(scratch / "frozen.bin")
        (scratch / "export.xml").rename(graph)
    return graph


def compiled_runner(graph: Any, outputs: int) -> Run:
    """graph: a path, or an openvino.Model. Several images are under way at once, each alone as in serving."""
    import openvino

    settings = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(graph, "CPU", settings)
    number = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
    idle = deque(compiled.create_infer_request() for _ in range(number))

    def one(image: np.ndarray) -> list[np.ndarray]:
        request = idle.pop()
        found = request.infer([image[None]])
        rows = [found[index][0].copy() for index in range(outputs)]
        idle.append(request)
        return rows

    def run(images: np.ndarray) -> list[np.ndarray]:
        # No AsyncInferQueue: its callback wants Python's lock in OpenVINO's thread, and a compiled model that is
        # collected meanwhile waits for that thread with the lock held, for ever.
        first, *others = images  # alone: two first calls at once wait for each other (diagnosis/inference/engines.py)
        with ThreadPoolExecutor(number) as pool:
            rows = [one(first), *pool.map(one, others)]
        return [np.stack([row[number] for row in rows]) for number in range(outputs)]

    return run
