# SPDX-License-Identifier: Apache-2.0
"""Solutions that a user would write without Lido. Usage: peers.py NAME OUT FPS CLIP...

Each does equal work in its library's best idiom: frames at FPS, scaled to a short side of 256
while they are converted, centre crop 224, JPEG quality 90, one tar a clip, one process a core.
"""

import io
import itertools
import math
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

SHORT_SIDE, CROP = 256, 224
BATCH = 32  # frames in memory at once


def scaled(width, height):
    """Size with a short side of 256."""
    scale = SHORT_SIDE / min(width, height)
    return round(width * scale), round(height * scale)


class Shard:
    """A tar of JPEGs."""

    def __init__(self, path):
        self.tar, self.frames = tarfile.open(path, "w"), 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tar.close()

    def add(self, picture):
        """Crops an RGB array of rows x columns x 3, compresses it and writes it."""
        from PIL import Image

        top, left = (picture.shape[0] - CROP) // 2, (picture.shape[1] - CROP) // 2
        cropped = picture[top : top + CROP, left : left + CROP]
        buffer = io.BytesIO()
        Image.fromarray(cropped).save(buffer, "JPEG", quality=90)
        self.add_jpeg(buffer.getvalue())

    def add_jpeg(self, jpeg):
        entry = tarfile.TarInfo(f"{self.frames:06}.jpg")
        entry.size = len(jpeg)
        self.tar.addfile(entry, io.BytesIO(jpeg))
        self.frames += 1


def ffmpeg(clip, shard, fps, skip=()):
    """FFmpeg's own program, one thread a clip."""
    with tempfile.TemporaryDirectory(dir=pathlib.Path(shard.tar.name).parent) as folder:
        subprocess.run(
            [
                *"ffmpeg -v error -nostdin -threads 1 -filter_threads 1".split(),
                *skip,
                "-i",
                clip,
                *"-map 0:v:0 -an -sn -dn -vf".split(),
                f"fps={fps}:round=down,scale='if(gt(iw,ih),-2,{SHORT_SIDE})':"
                f"'if(gt(iw,ih),{SHORT_SIDE},-2)':flags=bilinear,crop={CROP}:{CROP}",
                *"-pix_fmt yuvj420p -threads 1 -q:v 2 -f image2".split(),
                f"{folder}/%06d.jpg",
            ],
            check=True,
        )
        for jpeg in sorted(pathlib.Path(folder).iterdir()):
            shard.add_jpeg(jpeg.read_bytes())


def ffmpeg_noref(clip, shard, fps):
    """FFmpeg without frames that no other refers to: cheaper, and not the exact frames."""
    ffmpeg(clip, shard, fps, ("-skip_frame", "noref"))


def torchcodec(clip, shard, fps):
    """`get_frames_played_at` takes the frame that is on screen at a time, as Lido does."""
    import torch
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    torch.set_num_threads(1)
    plain = VideoDecoder(clip, num_ffmpeg_threads=1, seek_mode="approximate").metadata
    width, height = scaled(plain.width, plain.height)
    decoder = VideoDecoder(
        clip, num_ffmpeg_threads=1, dimension_order="NHWC", transforms=[Resize((height, width))]
    )
    begin, end = decoder.metadata.begin_stream_seconds, decoder.metadata.end_stream_seconds
    times = [begin + k / fps for k in range(math.ceil((end - begin) * fps))]
    for first in range(0, len(times), BATCH):
        batch = decoder.get_frames_played_at(times[first : first + BATCH])
        for picture in batch.data.numpy():
            shard.add(picture)


def pyav(clip, shard, fps):
    """`reformat` scales and converts in one call of swscale."""
    import av

    def add(frame):
        width, height = scaled(frame.width, frame.height)
        shard.add(frame.reformat(width, height, "rgb24", interpolation="BILINEAR").to_ndarray())

    with av.open(clip) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        held, k = None, 0
        for frame in container.decode(stream):
            while held is not None and k / fps < frame.time:
                add(held)
                k += 1
            held = frame
        if k / fps <= held.time:
            add(held)


def decord(clip, shard, fps):
    """`get_batch` at the scaled size decodes each group of pictures once."""
    import decord as library

    first = library.VideoReader(clip, ctx=library.cpu(0), num_threads=1)
    height, width = first[0].shape[:2]
    width, height = scaled(width, height)
    del first
    reader = library.VideoReader(
        clip, ctx=library.cpu(0), num_threads=1, width=width, height=height
    )
    rate = reader.get_avg_fps()
    wanted = [int(k * rate / fps) for k in range(int((len(reader) - 1) / rate * fps) + 1)]
    for begin in range(0, len(wanted), BATCH):
        for picture in reader.get_batch(wanted[begin : begin + BATCH]).asnumpy():
            shard.add(picture)


PEERS = {peer.__name__: peer for peer in (ffmpeg, ffmpeg_noref, torchcodec, pyav, decord)}


def one_clip(name, clip, out, fps):
    with Shard(pathlib.Path(out) / f"{pathlib.Path(clip).stem}.tar") as shard:
        PEERS[name](clip, shard, fps)
        return shard.frames


def on_ray(clips, out, fps):
    """A Ray task a clip, each with decord: what a Ray user writes for shards."""
    import ray

    ray.init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False)
    task = ray.remote(num_cpus=1)(one_clip)
    frames = sum(ray.get([task.remote("decord", clip, out, fps) for clip in clips]))
    ray.shutdown()
    return frames


def main():
    name, out, fps, clips = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:]
    if name == "ray_decord":
        print(on_ray(clips, out, fps))
        return
    with multiprocessing.Pool(os.cpu_count()) as pool:
        work = zip(itertools.repeat(name), clips, itertools.repeat(out), itertools.repeat(fps))
        print(sum(pool.starmap(one_clip, work, chunksize=1)))


if __name__ == "__main__":
    main()
