# SPDX-License-Identifier: Apache-2.0
"""./dev bench scale: time per clip and memory, by the number and the length of clips.

Short clips are links to one clip of a second; the long file is one minute repeated.
"""

import argparse
import os
import shutil
import subprocess

from ingest import LIDO, WORK, copy_with_other_bytes, measure, revision

OUT = WORK / "out"


def make(path, *arguments):
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"partial{path.suffix}")
        subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments), partial], check=True
        )
        partial.rename(path)
    return path


def short_clips(count, one=None):
    """Makes a folder of `count` copies of one clip, by default of a second, of different bytes."""
    one = one or make(
        WORK / "scale/one.mp4",
        *"-f lavfi -i testsrc2=s=320x180:r=25:d=1 -c:v libx264 -g 25".split(),
    )
    folder = WORK / f"scale/{count}"
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(count):
        clip = folder / f"{number // 1000:03}/{number:06}.mp4"
        clip.parent.mkdir(parents=True, exist_ok=True)
        copy_with_other_bytes(one, clip)
    return folder


def clip_folders(min_clips, max_clips, one=None):
    """Yields (number of clips, folder), each with ten times as many; removes each folder after."""
    count = min_clips
    while count <= max_clips:
        folder = short_clips(count, one)
        yield count, folder
        shutil.rmtree(folder)
        count *= 10


def ingest(clips, *extra):
    shutil.rmtree(OUT, ignore_errors=True)
    sampling = "--window 4 --stride 4 --scene off --quiet".split()
    return measure([LIDO, "ingest", clips, "--out", OUT, *sampling, *extra])


def long_files():
    minute = make(
        WORK / "scale/minute.mp4",
        *"-f lavfi -i testsrc2=s=1280x720:r=25:d=60 -vf noise=alls=6:allf=t".split(),
        *"-c:v libx264 -preset veryfast -b:v 2M -g 50".split(),
    )
    hours = make(WORK / "scale/hours.mp4", "-stream_loop", 179, "-i", minute, "-c", "copy")
    row("ingest 1 minute of 720p", ingest(minute), 1)
    row("ingest 3 hours of 720p in one file", ingest(hours), 1)


def row(name, result, clips):
    print(
        f"{name:<34}{result['wall']:>9.2f}{result['cpu']:>9.2f}"
        f"{1000 * result['wall'] / clips:>14.2f}{result['mb']:>9.0f}",
        flush=True,
    )


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--max", "--most", type=int, default=10000, help="largest number of short clips"
    )
    options.add_argument("--no-long", action="store_true", help="leave out the three-hour file")
    given = options.parse_args()
    print(f"revision {revision()}, {os.cpu_count()} cores\n")
    print(f"{'what':<34}{'wall s':>9}{'CPU s':>9}{'wall ms/clip':>14}{'peak MB':>9}")
    for count, folder in clip_folders(10, given.max):
        row(f"ingest {count} clips of 1 s", ingest(folder), count)
    folder = short_clips(100000)
    row("plan 100000 clips (--dry-run)", ingest(folder, "--dry-run"), 100000)
    shutil.rmtree(folder)
    if not given.no_long:
        long_files()
    shutil.rmtree(OUT, ignore_errors=True)


if __name__ == "__main__":
    main()
