# SPDX-License-Identifier: Apache-2.0
"""Solutions that a user would write without Lido. Usage: peers.py NAME OUT FPS CLIP..."""

import io
import multiprocessing
import os
import pathlib
import sys
import tarfile

from PIL import Image


def write(tar, name, picture):
    """Short side 256, centre crop 224, JPEG quality 90."""
    scale = 256 / min(picture.size)
    width, height = round(picture.width * scale), round(picture.height * scale)
    left, top = (width - 224) // 2, (height - 224) // 2
    buffer = io.BytesIO()
    picture.resize((width, height), Image.BILINEAR).crop((left, top, left + 224, top + 224)).save(
        buffer, "JPEG", quality=90
    )
    entry = tarfile.TarInfo(name)
    entry.size = buffer.tell()
    buffer.seek(0)
    tar.addfile(entry, buffer)


def pyav(clip, out, fps):
    import av

    with tarfile.open(out, "w") as tar, av.open(clip) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        held, k = None, 0
        for frame in container.decode(stream):
            while held is not None and k / fps < frame.time:
                write(tar, f"{k:06}.jpg", held.to_image())
                k += 1
            held = frame
        if k / fps <= held.time:
            write(tar, f"{k:06}.jpg", held.to_image())


def decord(clip, out, fps):
    from decord import VideoReader, cpu

    reader = VideoReader(clip, ctx=cpu(0), num_threads=1)
    rate = reader.get_avg_fps()
    with tarfile.open(out, "w") as tar:
        for k in range(int((len(reader) - 1) / rate * fps) + 1):
            write(tar, f"{k:06}.jpg", Image.fromarray(reader[int(k * rate / fps)].asnumpy()))


def read_videos(clips, out, fps):
    import ray

    ray.init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False)
    dataset = ray.data.read_videos(clips, include_paths=True)

    def keep(batch):
        for frame, number, path in zip(batch["frame"], batch["frame_index"], batch["path"]):
            if int(number * fps / 30) == int((number - 1) * fps / 30) and number > 0:
                continue
            name = f"{pathlib.Path(path).stem}-{number:06}"
            with tarfile.open(pathlib.Path(out) / f"{name}.tar", "w") as tar:
                write(tar, f"{name}.jpg", Image.fromarray(frame))
        return {"done": [len(batch["frame"])]}

    dataset.map_batches(keep, batch_size=64).materialize()
    ray.shutdown()


if __name__ == "__main__":
    name, out, fps, clips = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:]
    if name == "read_videos":
        read_videos(clips, out, fps)
    else:
        with multiprocessing.Pool(os.cpu_count()) as pool:
            pool.starmap(
                globals()[name],
                [
                    (clip, str(pathlib.Path(out) / f"{pathlib.Path(clip).stem}.tar"), fps)
                    for clip in clips
                ],
                chunksize=1,
            )
