# SPDX-License-Identifier: Apache-2.0
"""Makes a corpus of broken clips from good ones. Usage: broken.py GOOD_CLIPS FOLDER"""

import pathlib
import random
import struct
import subprocess
import sys


def boxes(data):
    """Top-level MP4 boxes: (type, start, end)."""
    at, found = 0, []
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        found.append((kind, at, at + size))
        at += size
    return found


def make(good: pathlib.Path, out: pathlib.Path):
    out.mkdir(parents=True, exist_ok=True)
    front = (good / "h264_moov_first.mp4").read_bytes()
    back = (good / "h264_b.mp4").read_bytes()
    ts = (good / "h264_b.ts").read_bytes()
    mkv = (good / "h264_b.mkv").read_bytes()
    avi = (good / "mjpeg.avi").read_bytes()

    def write(name, data):
        return (out / name).write_bytes(data)

    write("empty.mp4", b"")
    write("one_byte.mp4", b"\0")
    write("text.mp4", b"this is a shopping list\n" * 200)
    write("zeros.mp4", bytes(100_000))
    write("noise.mp4", random.Random(1).randbytes(200_000))
    write("cut_header.mp4", front[:100])
    write("cut_in_moov.mp4", front[:3000])
    write("no_moov.mp4", back[: len(back) // 2])
    write("cut_half.mp4", front[: len(front) // 2])
    write("cut_late.mp4", front[: len(front) - 5000])
    write("cut_half.mkv", mkv[: len(mkv) // 2])
    write("cut_half.avi", avi[: len(avi) // 2])
    write("header_only.ts", ts[: 188 * 3])
    write(
        "noise_inside.ts",
        ts[: len(ts) // 2] + random.Random(2).randbytes(80_000) + ts[len(ts) // 2 + 80_000 :],
    )

    # The pictures' bytes are damaged from the middle on; the container is whole.
    kind, begin, end = next(box for box in boxes(back) if box[0] == b"mdat")
    damaged = bytearray(back)
    chance = random.Random(3)
    for at in range(begin + (end - begin) // 2, end, 97):
        damaged[at] = chance.randrange(256)
    write("damaged_half.mp4", bytes(damaged))

    # Sample entry "avc1" becomes "encv": encrypted.
    write("encrypted.mp4", back.replace(b"avc1", b"encv"))
    at = back.index(b"avc1", back.index(b"stsd"))
    huge = bytearray(back)
    huge[at + 4 + 24 : at + 4 + 28] = struct.pack(">HH", 65535, 65535)
    write("huge.mp4", bytes(huge).replace(b"\x67\x64\x00", b"\x67\x64\x00"))
    # A table that claims four billion entries.
    at = back.index(b"stsz")
    write("huge_table.mp4", back[: at + 12] + b"\xff\xff\xff\xff" + back[at + 16 :])

    def run(*a):
        return subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, a)], check=True)

    run("-f", "lavfi", "-t", "1", "-i", "sine", "-c:a", "aac", out / "sound_only.mp4")
    run(
        "-f", "lavfi", "-t", "1", "-i", "sine", "-c:a", "aac", "-f", "mpegts", out / "sound_only.ts"
    )
    run(
        "-i", good / "h264_b.mp4", "-c", "copy", "-f", "matroska", out / "really_mkv.mp4"
    )  # harmless: content counts
    write("jumps_back.ts", ts + ts)
    # Starts in the middle of a group of pictures: what cannot be decoded is left out.
    write("starts_late.ts", ts[188 * (len(ts) // 188 // 5) :])


if __name__ == "__main__":
    make(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
