"""One training step of the reference CNN-LSTM: Kinema and stock PyTorch by turns, in fresh processes.

    python benches/peers/train_reference.py [--torch-python PYTHON] [--rounds 5]

Each round runs every contestant once, in a process of its own, for some steps; the table shows the median step of all
rounds and
the peak memory (`ru_maxrss`) of the process. 64 frames of 128x128 pixels a step (4 clips of 16), float32, two threads.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

CLIPS, TIME, SIZE, CLASSES, THREADS = 4, 16, 128, 10, 2
#: glibc gives large blocks back to the system after each step; told not to, PyTorch is much faster.
TUNED = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}


def kinema_step() -> Callable[[], Any]:
    """The model in Kinema, through `train_on_batch`."""
    import kinema
    from kinema import layers

    kinema.set_num_threads(THREADS)
    model = kinema.Sequential(
        [
            layers.Conv2D(32, 3, activation="relu", input_shape=(TIME, SIZE, SIZE, 3)),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.LSTM(128, return_sequences=True),
            layers.Dropout(0.5),
            layers.LSTM(128),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(kinema.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"])
    x, y = _data()
    return lambda: model.train_on_batch(x, y)


def torch_step() -> Callable[[], Any]:
    """The same in PyTorch, channels last."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(THREADS)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolutions = nn.ModuleList(nn.Conv2d(i, o, 3) for i, o in ((3, 32), (32, 64), (64, 128)))
            side = SIZE
            for _ in self.convolutions:
                side = (side - 2) // 2
            self.first = nn.LSTM(side * side * 128, 128, batch_first=True)
            self.second = nn.LSTM(128, 128, batch_first=True)
            self.dropout = nn.Dropout(0.5)
            self.out = nn.Linear(128, CLASSES)

        def forward(self, x: Any) -> Any:
            clips, steps = x.shape[:2]
            x = x.flatten(0, 1)
            for convolution in self.convolutions:
                x = functional.max_pool2d(functional.relu(convolution(x)), 2)
            x = self.dropout(self.first(x.reshape(clips, steps, -1))[0])
            return self.out(self.second(x)[0][:, -1])

    net = Net().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    data, targets = _data()
    x = torch.from_numpy(data).permute(0, 1, 4, 2, 3)
    y = torch.from_numpy(targets.argmax(1))

    def step() -> None:
        optimizer.zero_grad()
        functional.cross_entropy(net(x), y).backward()
        optimizer.step()

    return step


def _data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.random((CLIPS, TIME, SIZE, SIZE, 3), dtype=np.float32)
    return x, np.eye(CLASSES, dtype=np.float32)[rng.integers(0, CLASSES, CLIPS)]


def contestant(name: str, steps: int) -> None:
    """Runs one contestant and prints its step times and peak memory as JSON."""
    step = {"kinema": kinema_step, "torch": torch_step, "torch-tuned": torch_step}[name]()
    times = []
    for _ in range(steps + 2):
        begun = time.perf_counter()
        step()
        times.append(time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"times": times[2:], "peak_mb": peak}))


def main() -> None:
    """Runs all contestants by turns and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch-python", default=sys.executable, help="a Python that has torch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contestant:
        contestant(arguments.contestant, arguments.steps)
        return
    results: dict[str, list[dict[str, Any]]] = {"kinema": [], "torch": [], "torch-tuned": []}
    for _ in range(arguments.rounds):
        for name, runs in results.items():
            python = sys.executable if name == "kinema" else arguments.torch_python
            environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS), **(TUNED if name == "torch-tuned" else {})}
            command = [python, __file__, "--contestant", name, "--steps", str(arguments.steps)]
            output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
            runs.append(json.loads(output.splitlines()[-1]))
    print(f"{'':<14}{'median step':>12}{'fastest':>10}{'peak memory':>14}")
    for name, runs in results.items():
        times = [t for run in runs for t in run["times"]]
        peak = max(run["peak_mb"] for run in runs)
        print(f"{name:<14}{statistics.median(times) * 1e3:>9.0f} ms{min(times) * 1e3:>7.0f} ms{peak:>11.0f} MB")


if __name__ == "__main__":
    main()
