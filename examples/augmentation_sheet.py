"""Draw every augmentation on a real clip: a row each, five frames of the clip and where in it they come from.

    python examples/augmentation_sheet.py docs/augmentation.png

The clips are two of those in the package (the GRID corpus, CC BY 4.0); the second one is there for MixUp.
"""

import argparse
from pathlib import Path

import numpy as np

import kinema
from kinema import layers
from kinema.cli.drawing import MUTED, blank, clip_strip, sheet, write_png, write_text
from kinema.random import RandomKey
from kinema.video import read_video_frames

FRAMES = 5
FRAME_HEIGHT = 64
SHARED = ("seed", "data_format", "value_range", "fill_mode", "fill_value")  # not worth a caption
NUMBERS = 18  # pixels under the frames
KEY = RandomKey(seed=5)
AUGMENTATIONS = [
    layers.RandomFlip("horizontal"),
    layers.RandomCrop(44, 66),
    layers.RandomResizedCrop(64, 96, scale=(0.2, 0.5)),
    layers.RandomRotation(0.08),
    layers.RandomZoom((0.3, 0.5), fill_mode="constant"),
    layers.RandomTranslation(0.3, 0.3, fill_mode="nearest"),
    layers.RandomBrightness((0.1, 0.2)),
    layers.RandomContrast(0.7),
    layers.RandomSaturation((0.6, 0.7)),
    layers.RandomHue((0.5, 0.9)),
    layers.RandomGaussianBlur((1, 1), 9, (1, 1)),
    layers.RandomErasing((1, 1), scale=(0.1, 0.3)),
    layers.MixUp(5.0),
    layers.RandomTimeReversal(1.0),
    layers.RandomTemporalJitter(3),
    layers.RandomSpeed((0.8, 1.0)),
    layers.RandomSpeed((-0.7, -0.6)),
]


def two_clips() -> np.ndarray:
    """Return two clips (2, 16, 64, 96, 3) of different words."""
    folder = kinema.datasets.grid_commands.folder("test")
    return np.stack([read_video_frames(min((folder / word).glob("*.webm"))) for word in ("place", "bin")])


def panel(clip: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Return five frames of a clip side by side, each over the number of the original frame that it shows."""
    strip = clip_strip(clip, FRAMES, FRAME_HEIGHT)
    numbers = blank(NUMBERS, strip.shape[1])
    chosen = np.linspace(0, len(clip) - 1, FRAMES).round().astype(int)
    for position, frame in enumerate(chosen):
        write_text(numbers, str(sources[frame]), position * strip.shape[1] // FRAMES + 2, NUMBERS - 5, MUTED, 0.4)
    return np.vstack([strip, numbers])


def changed(augmentation: layers.Layer, clips: np.ndarray) -> np.ndarray:
    """Return the panel of the first clip under an augmentation."""
    shown, _ = augmentation.augment(clips, None, KEY)
    numbers = np.arange(clips.shape[1])
    if augmentation.mixes_frames:
        pages = np.tile(numbers[:, np.newaxis], (len(clips), 1, 1))
        numbers = augmentation.augment(pages, None, KEY)[0][0, :, 0]
    return panel(shown[0], numbers)


def caption(augmentation: layers.Layer) -> str:
    """Return the layer's class and what it was told."""
    config = augmentation.get_config()
    told = [str(config[name]) for name in augmentation.config_names[:2] if name not in SHARED]
    return f"{type(augmentation).__name__}({', '.join(told)})"


def main() -> None:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    picture: Path = parser.parse_args().picture
    clips = two_clips()
    panels = [("the clip", panel(clips[0], np.arange(clips.shape[1])))]
    panels += [(caption(augmentation), changed(augmentation, clips)) for augmentation in AUGMENTATIONS]
    half = len(panels) // 2
    subtitle = "5 of 16 frames of each clip, and which frames of the original they are"
    write_png(picture, sheet("One draw per clip", subtitle, panels[:half], panels[half:]))


if __name__ == "__main__":
    main()
