"""Lip-reading on a thousand sentences: which command word does the talker say?

    python examples/lipreading_grid.py GRID_FOLDER

GRID_FOLDER holds `labels.csv` (columns `clip`, `command`, `command_start` in seconds) and `clips/`: talker s1 of the
GRID corpus (Cooke, Barker, Cunningham and Shao, 2006; CC BY 4.0), cropped to 96x96 pixels around the mouth. 200 clips,
chosen by a hash of their names, are held out; the others, shifted by a pixel or two at random, train a convolutional
network with an LSTM on 16 frames from just before the word starts.
"""

import argparse
import csv
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import kinema
from kinema import layers
from kinema.preprocessing.image import ImageDataGenerator

WORDS = ["bin", "lay", "place", "set"]
FRAMES = 16
FRAMES_BEFORE_WORD = 3
HALF_SIZE = (48, 48)
MOUTH_ROWS = slice(10, 42)
HELD_OUT = 200
BATCH_SIZE = 16
SHIFT = 0.06  # of the height and the width: a talker does not keep still


def read_clip(path: Path, word_start: float) -> np.ndarray:
    """Return the mouth, 32 by 48 pixels, in the frames around one word."""
    with kinema.video.VideoReader(path, size=HALF_SIZE) as reader:
        first = max(0, round(word_start * reader.fps) - FRAMES_BEFORE_WORD)
        frames = reader[first : first + FRAMES][:, MOUTH_ROWS]
    return np.pad(frames, [(0, FRAMES - len(frames)), (0, 0), (0, 0), (0, 0)], mode="edge")


def read_corpus(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return all clips and their labels, ordered by a hash of the file names."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: hashlib.sha256(row["clip"].encode()).hexdigest())
    with ThreadPoolExecutor() as readers:
        clips = list(
            readers.map(lambda row: read_clip(folder / "clips" / row["clip"], float(row["command_start"])), rows)
        )
    return np.stack(clips), np.array([WORDS.index(row["command"]) for row in rows])


def build_model(training_clips: np.ndarray) -> kinema.Sequential:
    """Return the network; every pixel is standardised by its mean and deviation over the training clips."""
    standardise = layers.Normalization(axis=(2, 3, 4))
    standardise.adapt(training_clips)
    return kinema.Sequential(
        [
            layers.Input(training_clips.shape[1:]),
            standardise,
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.BatchNormalization(momentum=0.9),
            layers.LSTM(64, return_sequences=True),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(len(WORDS), activation="softmax"),
        ]
    )


def main() -> None:
    """Train, and print the accuracy on the clips held out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="GRID_FOLDER")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kinema.utils.set_random_seed(options.seed)
    clips, labels = read_corpus(options.folder)
    x_test, y_test = clips[:HELD_OUT], labels[:HELD_OUT]
    x_train, y_train = clips[HELD_OUT:], labels[HELD_OUT:]
    model = build_model(x_train)
    model.summary()
    varied_clips = ImageDataGenerator(width_shift_range=SHIFT, height_shift_range=SHIFT)
    batches = varied_clips.flow(x_train, y_train, batch_size=BATCH_SIZE)
    schedule = kinema.optimizers.schedules.CosineDecay(2e-3, options.epochs * len(batches))
    model.compile(kinema.optimizers.Adam(schedule), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(batches, epochs=options.epochs)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"{accuracy:.1%} of {len(x_test)} held-out clips are right")


if __name__ == "__main__":
    main()
