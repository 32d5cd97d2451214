# SPDX-License-Identifier: Apache-2.0
"""Which frames of a clip become samples, and which reason a damaged clip gets.

Frame N of these clips shows N in ten black or white bars, so a wrong frame is seen without trust
in Lido. FFmpeg's program makes the clips.
"""

import json
import pathlib
import subprocess
import tarfile

import numpy as np
import pytest
from conftest import content, ingest, run, table

BARS = 10
FRAMES = ["--samples", "frame", "--window", 1, "--stride", 1, "--fit", "stretch", "--size", 224]
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]


def ffmpeg(*arguments):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def film(path, *options, rate=25, seconds=4):
    """Makes a clip whose frame N shows N, bit 0 at the left."""
    bars = f"if(gt(mod(floor(N/pow(2,floor(X*{BARS}/W))),2),0),235,16)"
    source = f"color=c=black:s=320x180:r={rate}:d={seconds},format=yuv420p,geq=lum='{bars}'"
    ffmpeg("-f", "lavfi", "-i", f"{source}:cb=128:cr=128", *options, path)
    return path


def shown(dataset):
    """The numbers that a dataset's frames show, by sampling index."""
    jpegs = {}
    for row in table(dataset, "manifest"):
        with tarfile.open(pathlib.Path(dataset) / row["shard"]) as shard:
            jpegs[row["first_k"]] = shard.extractfile(f"{row['sample']}.000.jpg").read()
    if not jpegs:
        return {}
    raw = subprocess.run(
        "ffmpeg -v quiet -f mjpeg -i - -fps_mode passthrough -f rawvideo -pix_fmt gray -".split(),
        input=b"".join(jpegs.values()),
        capture_output=True,
        check=True,
    ).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(len(jpegs), 224, 224)
    bars = frames[:, 100:120].mean(axis=1).reshape(len(jpegs), 224)
    middles = [int((bar + 0.5) * 224 / BARS) for bar in range(BARS)]
    bits = bars[:, middles] > 128
    return dict(zip(jpegs, (bits << np.arange(BARS)).sum(axis=1).tolist()))


@pytest.mark.parametrize(
    "name, container",
    [
        ("a.mkv", []),
        ("a.flv", []),
        ("a.mp4", []),
        ("a.ts", ["-f", "mpegts"]),
        ("late.mkv", ["-output_ts_offset", "1.4"]),
    ],
)
@pytest.mark.parametrize("rate, steps", [("30", (1, 2)), ("60", (1, 2, 3)), ("24000/1001", (1, 2))])
def test_each_frame_comes_once_at_the_clips_own_rate(tmp_path, name, container, rate, steps):
    clip = film(tmp_path / name, *X264, "-bf", 2, *container, rate=rate, seconds=3)
    count = round(3 * eval(rate))
    for step in steps:
        numerator, _, denominator = rate.partition("/")
        fps = f"{numerator}/{step * int(denominator or 1)}"
        ingest(clip, tmp_path / f"d{step}", *FRAMES, "--fps", fps)
        assert shown(tmp_path / f"d{step}") == {k: k * step for k in range(-(-count // step))}


@pytest.mark.parametrize(
    "name, options",
    [
        ("xvid.avi", ["-c:v", "mpeg4", "-vtag", "XVID", "-bf", "2", "-q:v", "3"]),
        ("h264.avi", [*X264, "-bf", "2"]),
        ("pyramid.avi", [*X264, "-bf", "5", "-x264-params", "b-pyramid=normal"]),
        ("plain.avi", [*X264, "-bf", "0"]),
        ("b.mpg", ["-c:v", "mpeg2video", "-bf", "2", "-q:v", "3"]),
        ("b.vob", ["-c:v", "mpeg2video", "-bf", "2", "-q:v", "3", "-f", "vob"]),
        ("b.wmv", ["-c:v", "wmv2", "-q:v", "3"]),
    ],
)
def test_clips_whose_frames_lack_timestamps_are_read_to_the_end(tmp_path, name, options):
    clip = film(tmp_path / name, *options)
    for mode in ([], ["--decode-everything"]):
        dataset = tmp_path / f"d{len(mode)}"
        ingest(clip, dataset, *FRAMES, "--fps", 25, *mode)
        assert shown(dataset) == {k: k for k in range(100)}


def merge_pes(source, target, pictures):
    """Writes an MPEG program stream of H.264 in which several pictures share one PES packet."""
    stream = ffmpeg("-i", source, "-c", "copy", "-f", "h264", "-")
    # The first delimiter may follow x264's own message, with a shorter start code.
    marks = [at for at in range(1, len(stream)) if stream.startswith(b"\0\0\0\1\x09", at)]
    marks = [0, *marks, None]
    with open(target, "wb") as out:
        for first in range(0, len(marks) - 1, pictures):
            ticks = 90000 + first * 3600
            pack = ticks * 300
            base, extension = divmod(pack, 300)
            bits = (
                0b01 << 46
                | (base >> 30 & 7) << 43
                | 1 << 42
                | (base >> 15 & 32767) << 27
                | 1 << 26
                | (base & 32767) << 11
                | 1 << 10
                | extension << 1
                | 1
            )
            out.write(b"\0\0\1\xba" + bits.to_bytes(6, "big") + b"\0\x4e\x23\xf8")
            stamp = bytes(
                [
                    0x21 | ticks >> 29 & 14,
                    ticks >> 22 & 255,
                    ticks >> 14 & 254 | 1,
                    ticks >> 7 & 255,
                    ticks << 1 & 254 | 1,
                ]
            )
            last = marks[min(first + pictures, len(marks) - 1)]
            payload = stream[marks[first] : last]
            header = b"\x80\x80\x05" + stamp
            for at in range(0, len(payload), 60000):
                piece = header + payload[at : at + 60000]
                out.write(b"\0\0\1\xe0" + len(piece).to_bytes(2, "big") + piece)
                header = b"\x80\x00\x00"


def test_pictures_that_share_a_timestamp_get_their_own(tmp_path):
    # Noise makes the stream large enough to be recognised.
    options = ["-x264-params", "aud=1", "-vf", "noise=alls=20:allf=t", "-b:v", "1M"]
    for pictures in (2, 4):
        source = film(tmp_path / "source.mp4", *X264, "-bf", 0, *options)
        merge_pes(source, tmp_path / "recorder.mpg", pictures)
        ingest(tmp_path / "recorder.mpg", tmp_path / f"d{pictures}", *FRAMES, "--fps", 25)
        # The last picture has no start code behind it, so FFmpeg's program may not give it.
        count = count_frames(tmp_path / "recorder.mpg")
        assert count >= 99 and shown(tmp_path / f"d{pictures}") == {k: k for k in range(count)}


def count_frames(clip):
    """Number of frames that FFmpeg's program decodes."""
    probe = "ffprobe -v quiet -select_streams v:0 -count_frames -show_entries stream=nb_read_frames"
    done = subprocess.run([*probe.split(), "-of", "json", clip], capture_output=True)
    return int(json.loads(done.stdout)["streams"][0]["nb_read_frames"])


def next_keyframe(clip, frame):
    """Number of the first key frame after a frame, by FFmpeg's program; -1 for none."""
    probe = "ffprobe -v error -select_streams v:0 -show_entries packet=pts_time,flags -of json"
    packets = json.loads(subprocess.run([*probe.split(), clip], capture_output=True).stdout)
    packets = sorted(packets["packets"], key=lambda packet: float(packet["pts_time"]))
    keys = [number for number, packet in enumerate(packets) if packet["flags"].startswith("K")]
    return min((key for key in keys if key > frame), default=-1)


def kept_by_gaps(dataset, count):
    """Returns the right frames of a clip, by sampling index, without those in its gaps."""
    gaps = [(g["first_k"], g["end_k"] % 10**6) for g in table(dataset, "gaps")]
    return {k: k for k in range(count) if not any(first <= k < end for first, end in gaps)}


def test_a_lost_picture_breaks_the_clip_before_a_frame_is_wrong(tmp_path):
    hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    hevc += ["-x265-params", "log-level=none:bframes=0:keyint=50"]
    for name, options in (("hevc", hevc), ("h264", [*X264, "-bf", 0, "-g", 50])):
        whole = film(tmp_path / f"{name}.mkv", *options)
        lost = tmp_path / f"{name}_lost.mkv"
        ffmpeg("-i", whole, "-c", "copy", "-bsf:v", r"noise=drop=eq(n\,30)", lost)
        ingest(lost, tmp_path / name, *FRAMES, "--fps", 25, code=3)
        (gap,) = table(tmp_path / name, "gaps")
        assert "missing" in gap["reason"] and gap["first_k"] == 30
        assert gap["end_k"] == next_keyframe(whole, 30) > 30
        assert shown(tmp_path / name) == kept_by_gaps(tmp_path / name, 100)


def transport_packets(path):
    data = path.read_bytes()
    return [data[at : at + 188] for at in range(0, len(data), 188)]


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_a_transport_stream_breaks_where_a_packet_is_missing(tmp_path, codec):
    quiet = ["-x265-params", "log-level=none"] if codec == "libx265" else []
    whole = film(tmp_path / "a.ts", "-c:v", codec, "-g", 50, "-b:v", "2M", *quiet, "-f", "mpegts")
    packets = transport_packets(whole)
    video = [i for i, p in enumerate(packets) if (p[1] & 31) << 8 | p[2] == 256]
    for share in (0.4, 0.55, 0.7):
        gone = video[int(len(video) * share)]
        lost = tmp_path / f"lost{share}.ts"
        lost.write_bytes(b"".join(packets[:gone] + packets[gone + 1 :]))
        out = tmp_path / str(share)
        ingest(lost, out, *FRAMES, "--fps", 25, code=3)
        kept = shown(out)
        assert kept == kept_by_gaps(out, 100) and len(kept) > 20
        (gap,) = table(out, "gaps")
        assert gap["end_k"] == next_keyframe(whole, gap["first_k"])


def test_joined_recordings_are_no_damage(tmp_path):
    first = film(tmp_path / "a.ts", *X264, "-bf", 0, "-f", "mpegts", seconds=2)
    second = tmp_path / "b.ts"
    film(second, *X264, "-bf", 0, "-f", "mpegts", "-output_ts_offset", 2, seconds=2)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    ingest(joined, tmp_path / "d", *FRAMES, "--fps", 25)
    assert shown(tmp_path / "d") == {k: k % 50 for k in range(100)}


@pytest.mark.parametrize("options", [X264, ["-c:v", "mpeg4", "-q:v", "3"]])
def test_a_cut_file_gives_the_same_frames_when_everything_is_decoded(tmp_path, options):
    whole = film(tmp_path / "w.mp4", *options, "-bf", 2, "-g", 25, "-movflags", "+faststart")
    data = whole.read_bytes()
    for share in (0.5, 0.66, 0.8, 0.93):
        cut = tmp_path / "cut.mp4"
        cut.write_bytes(data[: int(len(data) * share)])
        frames = count_frames(cut)
        parts = []
        for mode in ([], ["--decode-everything"]):
            out = tmp_path / f"d{share}{len(mode)}"
            ingest(cut, out, *FRAMES, "--fps", 25, *mode, code=3)
            parts.append({k: v for k, v in content(out).items() if "shards" in k})
            kept = shown(out)
            # FFmpeg also shows the damaged last picture, and pictures after missing ones.
            assert kept == {k: k for k in range(len(kept))} and len(kept) >= frames - 3
        assert parts[0] == parts[1]


def test_the_video_track_is_the_one_that_a_player_shows(tmp_path):
    film(tmp_path / "v.mp4", *X264)
    film(tmp_path / "small.mp4", *X264, "-vf", "scale=160:90,negate")
    red = ["-f", "lavfi", "-i", "color=c=red:s=640x360:r=25"]
    ffmpeg(*red, "-frames:v", 1, "-c:v", "mjpeg", tmp_path / "t.mp4")
    both = ["-map", 1, "-map", 0, "-c", "copy"]
    for name in ("thumbnail.mp4", "thumbnail.mkv"):
        clip = tmp_path / name
        ffmpeg("-i", tmp_path / "v.mp4", "-i", tmp_path / "t.mp4", *both, clip)
        ingest(clip, tmp_path / f"{name}.d", *FRAMES, "--fps", 5)
        assert shown(tmp_path / f"{name}.d") == {k: 5 * k for k in range(20)}
        (row,) = table(tmp_path / f"{name}.d", "clips")
        assert row["other_video"] == "#0 mjpeg 640x360"
    lens = tmp_path / "lenses.mkv"
    flags = ["-disposition:v:0", "0", "-disposition:v:1", "default"]
    ffmpeg("-i", tmp_path / "v.mp4", "-i", tmp_path / "small.mp4", *both, *flags, lens)
    ingest(lens, tmp_path / "d", *FRAMES, "--fps", 5)
    assert shown(tmp_path / "d") == {k: 5 * k for k in range(20)}
    assert table(tmp_path / "d", "clips")[0]["other_video"] == "#0 h264 160x90"


GREY = {
    "ffv1.mkv": ["-c:v", "ffv1", "-pix_fmt", "gray"],
    "raw.avi": ["-c:v", "rawvideo", "-pix_fmt", "gray"],
    "deep.mkv": ["-c:v", "ffv1", "-pix_fmt", "gray16le"],
    "png16.mov": ["-c:v", "png", "-pix_fmt", "gray16be"],
    "alpha.mov": ["-c:v", "png", "-pix_fmt", "ya8"],
    "ten.mkv": ["-c:v", "ffv1", "-pix_fmt", "gray10le"],
    "hevc.mp4": ["-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "gray"]
    + ["-color_range", "pc"],
    "one_bit.mkv": ["-c:v", "png", "-pix_fmt", "monob"],
    "palette.mkv": ["-c:v", "png", "-pix_fmt", "pal8"],
    "limited.mkv": ["-c:v", "ffv1", "-pix_fmt", "yuv420p"],
}


@pytest.mark.parametrize("name", GREY)
def test_grey_has_the_values_that_ffmpeg_gives(tmp_path, name):
    ramp = "color=c=black:s=224x224:r=25:d=1,format=gray,geq=lum='floor(X*8/W)*36'"
    clip = tmp_path / name
    ffmpeg("-f", "lavfi", "-i", ramp, *GREY[name], clip)

    def row(pixels):
        return np.frombuffer(pixels, np.uint8).reshape(-1, 224)[112, 14::28].astype(int)

    one = ["-frames:v", 1, "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    truth = row(ffmpeg("-i", clip, *one))
    ingest(clip, tmp_path / "d", *FRAMES, "--fps", 5, "--quality", 100)
    first = min(table(tmp_path / "d", "manifest"), key=lambda row: row["first_k"])
    with tarfile.open(tmp_path / "d" / first["shard"]) as shard:
        jpeg = shard.extractfile(f"{first['sample']}.000.jpg").read()
    (tmp_path / "a.jpg").write_bytes(jpeg)
    # JPEG at quality 100 and two roundings; limited for full range is off by 13 and more.
    assert np.abs(row(ffmpeg("-i", tmp_path / "a.jpg", *one)) - truth).max() <= 2


def test_what_is_no_video_is_told_apart(clips, tmp_path):
    whole = (clips / "h264_moov_first.mp4").read_bytes()
    fragments = (clips / "h264_fragmented.mp4").read_bytes()
    last = fragments.rindex(b"moof") - 4
    files = {
        "empty.mp4": (b"", "empty"),
        "zeros.mp4": (bytes(50_000), "zeros"),
        "page.mp4": (b"\n<!doctype html>\n<title>Sign in</title>" * 9, "web page"),
        "text.mp4": (b"this is a shopping list\n" * 200, "text"),
        "unfinished.mp4": ((clips / "h264_b.mp4").read_bytes()[:100_000], "no index"),
        "index.mp4": (whole[:1000], "cut off inside its index"),
        "fragment.mp4": (fragments[: last + 30], "cut off"),
    }
    for name, (data, _) in files.items():
        (tmp_path / name).write_bytes(data)
    done = run("ingest", *[tmp_path / n for n in files], "--out", tmp_path / "d")
    gaps = {row["clip"].rsplit("/", 1)[-1]: row for row in table(tmp_path / "d", "gaps")}
    rows = {row["clip"].rsplit("/", 1)[-1]: row for row in table(tmp_path / "d", "rejected")}
    assert done.code == 3 and not gaps.keys() & rows.keys()
    assert gaps.keys() == {"fragment.mp4"}, "the whole fragments are read"
    rows |= gaps
    for name, (_, reason) in files.items():
        assert reason in rows[name]["reason"], rows[name]
    assert len({row["reason"] for row in rows.values()}) == len(files)
    assert {row["clip"] for row in table(tmp_path / "d", "manifest")} == {
        rows["fragment.mp4"]["clip"]
    }
