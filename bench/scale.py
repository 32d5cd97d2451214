# SPDX-License-Identifier: Apache-2.0
"""./dev bench scale: does time per clip, or memory, grow with the number or the length of clips?

Short clips are links to one clip of a second; the long ones are one minute repeated. Prints one table.
"""

import argparse
import os
import shutil
import subprocess

from ingest import LIDO, ROOT, WORK, measure


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
    """So many links to one clip: of a second, where none is given."""
    one = one or make(
        WORK / "scale/one.mp4",
        *"-f lavfi -i testsrc2=s=320x180:r=25:d=1 -c:v libx264 -g 25".split(),
    )
    folder = WORK / f"scale/{count}"
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(count):
        link = folder / f"{number // 1000:03}/{number:06}.mp4"
        if number % 1000 == 0:  # a file has only so many links
            link.parent.mkdir(parents=True)
            first = shutil.copy(one, link)
        else:
            os.link(first, link)
    return folder


def row(name, result, clips):
    print(
        f"{name:<34}{result['wall']:>9.2f}{result['cpu']:>9.2f}{1000 * result['wall'] / clips:>14.2f}{result['mb']:>9.0f}",
        flush=True,
    )


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--most", type=int, default=10000, help="most short clips to ingest")
    options.add_argument("--no-long", action="store_true", help="leave out the three-hour file")
    given = options.parse_args()
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    print(f"revision {revision}, {os.cpu_count()} cores\n")
    print(f"{'what':<34}{'wall s':>9}{'CPU s':>9}{'wall ms/clip':>14}{'peak MB':>9}")
    out = WORK / "out"

    def ingest(clips, *extra):
        shutil.rmtree(out, ignore_errors=True)
        return measure(
            [
                LIDO,
                "ingest",
                clips,
                "--out",
                out,
                *"--window 4 --stride 4 --scene off --quiet".split(),
                *extra,
            ]
        )

    count = 10
    while count <= given.most:
        folder = short_clips(count)
        row(f"ingest {count} clips of 1 s", ingest(folder), count)
        shutil.rmtree(folder)
        count *= 10
    folder = short_clips(100000)
    row("plan 100000 clips (--dry-run)", ingest(folder, "--dry-run"), 100000)
    shutil.rmtree(folder)
    if not given.no_long:
        minute = make(
            WORK / "scale/minute.mp4",
            *"-f lavfi -i testsrc2=s=1280x720:r=25:d=60 -vf noise=alls=6:allf=t -c:v libx264 -preset veryfast -b:v 2M -g 50".split(),
        )
        hours = make(WORK / "scale/hours.mp4", "-stream_loop", 179, "-i", minute, "-c", "copy")
        row("ingest 1 minute of 720p", ingest(minute), 1)
        row("ingest 3 hours of 720p in one file", ingest(hours), 1)
    shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    main()
