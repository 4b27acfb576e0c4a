"""Video files in and out: frames, windows of frames, labelled folders."""

from kinema.video._samples import Clip
from kinema.video.folder import Dataset, VideoFolder
from kinema.video.padding import pad_clips
from kinema.video.reader import VideoReader, read_video_frames
from kinema.video.scan import ScannedVideo, scan
from kinema.video.windows import Windows, convert_frames_to_sequence, windows
from kinema.video.writer import write_video

__all__ = [
    "Clip",
    "Dataset",
    "ScannedVideo",
    "VideoFolder",
    "VideoReader",
    "Windows",
    "convert_frames_to_sequence",
    "pad_clips",
    "read_video_frames",
    "scan",
    "windows",
    "write_video",
]
