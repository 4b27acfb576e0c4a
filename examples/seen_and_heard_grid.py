"""Which command word does the talker say? By the picture alone, by the sound alone, and by both together.

    python examples/seen_and_heard_grid.py GRID_FOLDER

GRID_FOLDER is that of `lipreading_grid.py`, and the same 200 clips are held out. The sound needs PyAV:
`pip install "kinema[audio]"`. With `--choose`, the 200 clips stay untouched, and a fifth of the others is held out
instead: that is how the networks were chosen.
"""

import argparse
import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kinema
from kinema import layers
from kinema.video import VideoFolder

FRAMES = 16
FRAMES_PER_SECOND = 25
FRAMES_BEFORE_WORD = 3
SIZE = (48, 48)
CROP = (44, 44)  # at random places while training: a talker does not keep still
HELD_OUT = 200
BATCH_SIZE = 16
SOUND = {"rate": 16000, "n_fft": 1024, "n_mels": 40}
INPUTS = {"picture": (True, False), "sound": (False, True), "both": (True, True)}


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """Return the name, the word and the time of each clip, ordered by a hash of the names."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: hashlib.sha256(row["clip"].encode()).hexdigest())
    moments = [max(0.0, float(row["command_start"]) - FRAMES_BEFORE_WORD / FRAMES_PER_SECOND) for row in rows]
    return [
        {"path": row["clip"], "label": row["command"], "start": start, "end": start + FRAMES / FRAMES_PER_SECOND}
        for row, start in zip(rows, moments, strict=True)
    ]


def words(folder: Path, rows: list[dict[str, Any]], seen: bool, heard: bool, shuffle: bool) -> VideoFolder:
    """Return the clips of some rows: their frames, their sound, or both."""
    return VideoFolder(
        folder / "clips",
        FRAMES,
        SIZE if seen else None,
        batch_size=BATCH_SIZE,
        shuffle=shuffle,
        labels=rows,
        start_column="start",
        end_column="end",
        clips_per_video=1,
        audio="log_mel" if heard else None,
        audio_options=SOUND if heard else None,
    )


def part(clips: VideoFolder, index: int) -> Iterator[Any]:
    """Return the batches of one of the inputs."""
    return (x[index] if isinstance(x, list) else x for x, _ in clips)


def build_model(clips: VideoFolder, seen: bool, heard: bool) -> kinema.Model:
    """Return the network for what there is; inputs are standardised by mean and deviation over the training clips."""
    inputs, branches = [], []
    if seen:
        inputs.append(kinema.Input((FRAMES, *SIZE, 3), name="frames"))
        pixels = layers.Normalization(axis=(2, 3, 4))
        pixels.adapt(part(clips, 0))
        x = layers.RandomCrop(*CROP)(pixels(inputs[-1]))
        for filters in (8, 16, 32):
            x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
        x = layers.BatchNormalization(momentum=0.9)(layers.Flatten()(x))
        branches.append(layers.Flatten()(layers.LSTM(64, return_sequences=True)(x)))
    if heard:
        inputs.append(kinema.Input((FRAMES, SOUND["n_mels"]), name="sound"))
        bands = layers.Normalization()
        bands.adapt(part(clips, -1))
        branches.append(layers.Flatten()(layers.LSTM(64, return_sequences=True)(bands(inputs[-1]))))
    joined = layers.Concatenate()(branches) if len(branches) > 1 else branches[0]
    return kinema.Model(inputs, layers.Dense(4, activation="softmax")(layers.Dropout(0.5)(joined)))


def accuracy_of(train: VideoFolder, held_out: VideoFolder, by: str, epochs: int) -> float:
    """Train by one of `INPUTS`, and return the accuracy on the clips held out."""
    model = build_model(train, *INPUTS[by])
    schedule = kinema.optimizers.schedules.CosineDecay(2e-3, epochs * len(train))
    model.compile(kinema.optimizers.Adam(schedule), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, epochs=epochs, verbose=2)
    return model.evaluate(held_out, verbose=0)[1]


def main() -> None:
    """Train the networks, and print their accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="GRID_FOLDER")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--by", nargs="+", choices=list(INPUTS), default=list(INPUTS))
    parser.add_argument("--choose", action="store_true", help="leave the 200 clips alone")
    options = parser.parse_args()
    rows = read_rows(options.folder)
    tested, training = rows[:HELD_OUT], rows[HELD_OUT:]
    if options.choose:
        tested, training = training[: len(training) // 5], training[len(training) // 5 :]
    for by in options.by:
        for seed in options.seeds:
            kinema.utils.set_random_seed(seed)
            train = words(options.folder, training, *INPUTS[by], shuffle=True)
            held_out = words(options.folder, tested, *INPUTS[by], shuffle=False)
            accuracy = accuracy_of(train, held_out, by, options.epochs)
            print(f"by {by}, seed {seed}: {accuracy:.1%} of {len(tested)} held-out clips are right", flush=True)


if __name__ == "__main__":
    main()
