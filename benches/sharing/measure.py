"""What sharing frames saves: one epoch and a prediction of all windows, with and without it, alternately in one run.

`python benches/sharing/measure.py [--keras PYTHON]` runs the article's model on 300 frames of 128 x 128, windows of 32
frames one apart; with `--keras` the Python named there runs the same on TensorFlow, in a process of its own before
Kinema's rounds.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import article
import numpy as np

import kinema
from kinema import layers

HERE = Path(__file__).parent
FRAME_SHAPE = (article.SIDE, article.SIDE, 3)


def model() -> kinema.Sequential:
    """The article's."""
    kinema.utils.set_random_seed(0)
    built = kinema.Sequential(
        [
            layers.Input((article.LENGTH, *FRAME_SHAPE)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.LSTM(128, return_sequences=True),
            layers.Dropout(0.5),
            layers.LSTM(128),
            layers.Dense(article.CLASSES, activation="softmax"),
        ]
    )
    built.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return built


def seconds(work: Callable[[], Any]) -> float:
    """How long a call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def peak_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_sharing(rounds: int) -> dict[str, Any]:
    """Seconds of an epoch and of a prediction; the plain path comes last, so that the peak before is sharing's."""
    frames = article.video()
    windows = kinema.video.convert_frames_to_sequence(frames, article.LENGTH)
    y = article.targets(len(windows))
    net = model()
    found: dict[str, Any] = {}

    def fit(x: Any, shuffle: Any) -> float:
        return seconds(lambda: net.fit(x, y, batch_size=article.BATCH, epochs=1, shuffle=shuffle, verbose=0))

    def predict(x: Any) -> float:
        return seconds(lambda: net.predict(x, batch_size=article.BATCH, verbose=0))

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)
        print(f"{name}: {value:.2f} s", file=sys.stderr)

    for _ in range(rounds):
        note("fit, in order", fit(windows, False))
        note("fit, blocks", fit(windows, "blocks"))
        note("fit, shuffled", fit(windows, True))
        note("predict", predict(windows))
    found["peak_mb"] = peak_mb()
    copied = np.array([frames[i : i + article.LENGTH] for i in range(len(windows))])
    for _ in range(rounds):
        note("fit, copied and shuffled", fit(copied, True))
        note("predict, copied", predict(copied))
    found["peak_mb_copied"] = peak_mb()
    for _ in range(rounds):
        note("fit, in order (again)", fit(windows, False))
        kinema.config.set_frame_sharing(False)
        note("fit, sharing off", fit(windows, False))
        note("predict, sharing off", predict(windows))
        kinema.config.set_frame_sharing(True)
    found["peak_mb_off"] = peak_mb()
    return found


def measure_stream(count: int) -> dict[str, Any]:
    """Per frame: an answer of the stream, and what it is made of, alternately; then the memory over many frames."""
    net = model()
    stream = kinema.StreamPredictor(net)
    frames = article.video(64)
    plan = net.plan
    projected = kinema.ops.zeros((1, article.LENGTH, 512))
    answers, parts = [], []
    for index in range(120):
        frame = frames[index % 64]
        answers.append(seconds(lambda frame=frame: stream.push(frame)))
        cnn = seconds(lambda frame=frame: plan.frame_features(frame[None, None], False))
        parts.append(cnn + seconds(lambda: plan.run_features(projected, False)))
    before = resident_mb()
    for index in range(count):
        stream.push(frames[index % 64])
    growth = resident_mb() - before
    expected = net.predict(np.array(kinema.video.windows(frames, article.LENGTH)), verbose=0)
    stream.reset()
    given = [stream.push(frame) for frame in frames][article.LENGTH - 1 :]
    return {
        "answer_ms": 1000 * median(answers[40:]),
        "parts_ms": 1000 * median(parts[40:]),
        "growth_mb": growth,
        "rates": str(stream.rates),
        "largest_difference_to_predict": float(np.abs(np.array(given) - expected).max()),
    }


def resident_mb() -> float:
    """The memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keras", metavar="PYTHON", help="a Python that has keras and tensorflow")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--stream-frames", type=int, default=10_000)
    options = parser.parse_args()
    results: dict[str, Any] = {}
    if options.keras:
        command = [options.keras, str(HERE / "with_keras.py"), str(options.rounds)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE)
        results["keras"] = json.loads(answer.stdout)
        print(results["keras"], file=sys.stderr)
    results["kinema"] = measure_sharing(options.rounds)
    results["stream"] = measure_stream(options.stream_frames)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
