# SPDX-License-Identifier: Apache-2.0
"""A stretch of a clip is lost: each sample shows the frame of its own time, and gaps name the rest.

Frame N of these clips shows N in ten bars, under noise that gives frames the size that they have in
recordings. FFmpeg's program makes the clips.
"""

import subprocess

import pytest
from conftest import ingest, table
from test_frames import BARS, FRAMES, count_frames, ffmpeg, shown

# An encoder's bytes depend on its threads: by default, their number follows the machine's CPUs.
H264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 25 -crf 28 -bf 2 -threads 3"
MPEG2 = "-c:v mpeg2video -g 12 -bf 2 -b:v 2M -threads 3"
RECIPES = {
    "mpeg2.ts": MPEG2,
    "mpeg2.mpg": MPEG2,
    "mpeg2.vob": f"{MPEG2} -f dvd",
    "mpeg2.mxf": MPEG2,
    "h264.flv": H264,
    "h264.mkv": H264,
    "h264.ts": H264,
    "vp9.webm": "-c:v libvpx-vp9 -b:v 1M -g 25 -deadline realtime -cpu-used 8"
    " -cluster_time_limit 500",
    "wmv2.asf": "-c:v wmv2 -b:v 1M -g 12",
    "mpeg4.avi": "-c:v mpeg4 -g 12 -b:v 1M -threads 3",
    "key.mp4": f"{H264} -movflags frag_keyframe+empty_moov+delay_moov",
    "each.mp4": f"{H264} -movflags frag_every_frame+empty_moov+default_base_moof",
    "negative.mkv": f"{H264} -output_ts_offset -2 -avoid_negative_ts disabled",
    "camera.mjpg": "-c:v mjpeg -f mpjpeg",
    "mux.vob": f"{MPEG2} -f dvd -muxrate 4M",
    "h264.mp4": H264,
    "hevc.mp4": "-c:v libx265 -preset veryfast -x265-params log-level=0:keyint=25:bframes=2"
    " -pix_fmt yuv420p",
    "vp9.mp4": "-c:v libvpx-vp9 -b:v 1M -g 25 -deadline realtime -cpu-used 8",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Frames without loss, for every recipe."""
    path = tmp_path_factory.mktemp("source") / "source.nut"
    bars = f"if(gt(mod(floor(N/pow(2,floor(X*{BARS}/W))),2),0),235,16)"
    film = f"color=c=black:s=320x180:r=25:d=4,format=yuv420p,geq=lum='{bars}':cb=128:cr=128"
    ffmpeg("-f", "lavfi", "-i", f"{film},noise=alls=25:allf=t", "-c:v", "rawvideo", path)
    return path


@pytest.fixture
def clip(source, tmp_path):
    def make(name):
        ffmpeg("-i", source, *RECIPES[name].split(), tmp_path / name)
        return tmp_path / name

    return make


def zero(data, begin, end):
    """Bytes from one share of a clip to another are lost."""
    first, last = int(len(data) * begin), int(len(data) * end)
    return data[:first] + bytes(last - first) + data[last:]


def probe(path, entries):
    """Lists what ffprobe shows of each packet."""
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "csv=p=0", path]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [row.strip(",") for row in done.stdout.split()]


def check(path, data, out, fps=25, knows_end=True):
    """Ingests a damaged clip. Returns the frames that were kept, and the gaps."""
    path.write_bytes(data)
    ingest(path, out, *FRAMES, "--fps", fps, code=3)
    kept, gaps = shown(out), table(out, "gaps")
    step = 25 // fps
    assert kept == {k: k * step for k in kept}, gaps
    for k in set(range(100 // step if knows_end else max(kept))) - set(kept):
        named = any(g["first_k"] <= k and (g["end_k"] == -1 or k < g["end_k"]) for g in gaps)
        assert named, (k, gaps)
    return kept, gaps


HOLED = ["mpeg2.ts", "mpeg2.mpg", "mpeg2.vob", "h264.flv", "h264.mkv", "h264.ts", "wmv2.asf"]


@pytest.mark.parametrize("name", HOLED)
def test_a_hole_up_to_the_next_key_frame_holds_no_frame(clip, tmp_path, name):
    data = clip(name).read_bytes()
    for i, begin in enumerate((0.3, 0.35, 0.45, 0.6)):
        kept, _ = check(tmp_path / name, zero(data, begin, begin + 0.1), tmp_path / f"d{i}")
        assert len(kept) > 50 and max(kept) > 90


@pytest.mark.parametrize("name", ["h264.flv", "vp9.webm", "wmv2.asf", "mpeg2.ts", "h264.mkv"])
def test_a_lost_end_is_named(clip, tmp_path, name):
    data = clip(name).read_bytes()
    kept, gaps = check(tmp_path / name, zero(data, 0.65, 1), tmp_path / "d")
    assert 35 < len(kept) < 75 and gaps[-1]["end_k"] == -1
    if name != "mpeg2.ts":  # a transport stream declares no duration
        assert gaps[-1]["end_s"] == pytest.approx(4, abs=0.1)


def test_frames_behind_a_lost_beginning_keep_their_times(clip, tmp_path):
    data = clip("h264.mkv").read_bytes()
    damaged = data[:700] + bytes(300_000) + data[300_700:]
    kept, gaps = check(tmp_path / "h264.mkv", damaged, tmp_path / "d")
    assert len(kept) > 40 and gaps[0]["first_k"] == 0


def test_small_pictures_lost_in_a_transport_stream_are_named(tmp_path):
    bars = f"if(gt(mod(floor(N/pow(2,floor(X*{BARS}/W))),2),0),235,16)"
    film = f"color=c=black:s=320x180:r=25:d=4,format=yuv420p,geq=lum='{bars}':cb=128:cr=128"
    whole = tmp_path / "w.m2ts"
    ffmpeg("-f", "lavfi", "-i", film, *H264.replace("-crf 28", "").split(), whole)
    data = whole.read_bytes()
    kept, _ = check(tmp_path / "a.m2ts", data[:3071] + bytes(3686) + data[6757:], tmp_path / "d")
    assert len(kept) > 60


def test_bytes_missing_between_clusters_are_named(clip, tmp_path):
    data = clip("h264.mkv").read_bytes()
    border = data.index(b"\x1f\x43\xb6\x75", len(data) // 2)
    for i, begin in enumerate((border - 90, border, border + 90)):
        kept, _ = check(
            tmp_path / "h264.mkv", data[:begin] + data[begin + 188 :], tmp_path / str(i)
        )
        assert len(kept) > 50


def test_no_frame_of_a_cut_mpeg2_stream_is_shown_for_missing_ones(clip, tmp_path):
    for name in ("mpeg2.ts", "mpeg2.mxf"):
        data = clip(name).read_bytes()
        for i, share in enumerate((0.26, 0.38, 0.4, 0.42, 0.52, 0.74)):
            cut = data[: int(len(data) * share)]
            # A transport stream may end behind any picture.
            out = tmp_path / f"{name}{i}"
            kept, _ = check(tmp_path / name, cut, out, knows_end=name.endswith("mxf"))
            assert len(kept) >= count_frames(tmp_path / name) - 5
    data = clip("mpeg2.ts").read_bytes()
    cut = data[: int(len(data) * 0.3795)]
    check(tmp_path / "mpeg2.ts", cut, tmp_path / "slow", fps=5, knows_end=False)


@pytest.mark.parametrize("name", ["key.mp4", "each.mp4"])
def test_whole_fragments_behind_a_damaged_one_are_kept(clip, tmp_path, name):
    data = clip(name).read_bytes()
    hit = data[:300_000] + bytes(65_536) + data[365_536:]
    kept, gaps = check(tmp_path / name, hit, tmp_path / "hit")
    assert max(kept) == 99 and len(kept) > 60 and len(gaps) == 1
    lost = data[:300_000] + data[302_048:]
    kept, _ = check(tmp_path / name, lost, tmp_path / "lost")
    if name == "each.mp4":  # the other one's fragments count from the beginning of the file
        assert max(kept) == 99 and len(kept) > 60


def test_an_asf_file_that_lost_bytes_names_what_is_missing(clip, tmp_path):
    data = clip("wmv2.asf").read_bytes()
    for i, (begin, length) in enumerate(((213_391, 2048), (272_149, 20_000), (470_051, 2048))):
        damaged = data[:begin] + data[begin + length :]
        kept, _ = check(tmp_path / "wmv2.asf", damaged, tmp_path / str(i))
        assert len(kept) > 80


def test_an_avi_that_lost_bytes_keeps_only_what_its_count_reaches(clip, tmp_path):
    data = clip("mpeg4.avi").read_bytes()
    for i, begin in enumerate((71_579, 352_115, 500_000)):
        kept, gaps = check(
            tmp_path / "mpeg4.avi", data[:begin] + data[begin + 2048 :], tmp_path / f"d{i}"
        )
        assert kept and gaps[-1]["end_k"] == -1


@pytest.mark.parametrize("name", ["negative.mkv", "camera.mjpg"])
def test_a_whole_clip_of_a_rare_kind_gives_every_frame(clip, tmp_path, name):
    ingest(clip(name), tmp_path / "d", *FRAMES, "--fps", 25)
    assert shown(tmp_path / "d") == {k: k for k in range(100)}


def test_packets_of_zeros_before_a_key_frame_of_asf_are_named(clip, tmp_path):
    path = clip("wmv2.asf")
    data = path.read_bytes()
    keys = [int(row.split(",")[0]) for row in probe(path, "packet=pos,flags") if ",K" in row]
    for i, end in enumerate(keys[2:7]):
        begin = end - 6 * 3200  # FFmpeg's data packets have 3200 bytes
        damaged = data[:begin] + bytes(end - begin) + data[end:]
        kept, _ = check(path, damaged, tmp_path / f"d{i}")
        assert len(kept) > 80


@pytest.mark.parametrize("name", ["mpeg2.mpg", "mpeg2.vob", "mpeg2.ts", "h264.mkv"])
def test_a_hole_longer_than_a_pause_holds_no_frame(clip, tmp_path, name):
    data = clip(name).read_bytes()
    for i, begin in enumerate((0.2, 0.3, 0.37, 0.5)):
        kept, _ = check(tmp_path / name, zero(data, begin, begin + 0.35), tmp_path / f"d{i}")
        assert len(kept) > 30 and max(kept) > 90


def test_zeros_behind_the_last_fragment_are_named(clip, tmp_path):
    data = clip("key.mp4").read_bytes()
    for i, end in enumerate((data.rindex(b"moof") - 4, data.index(b"moof", len(data) // 2) - 4)):
        damaged = data[:end] + bytes(len(data) - end)
        kept, gaps = check(tmp_path / "key.mp4", damaged, tmp_path / f"d{i}")
        assert kept and gaps[-1]["end_k"] == -1


def test_no_picture_between_is_kept_of_a_damaged_one(clip, tmp_path):
    data = clip("mux.vob").read_bytes()
    for i, begin in enumerate((173_568, 250_000, 400_000)):
        damaged = data[:begin] + bytes(4096) + data[begin + 4096 :]
        check(tmp_path / "mux.vob", damaged, tmp_path / f"d{i}")


@pytest.mark.parametrize("name", ["h264.mp4", "hevc.mp4", "vp9.mp4", "mpeg4.avi"])
def test_zeros_inside_packets_are_found_where_decoders_say_nothing(clip, tmp_path, name):
    data = clip(name).read_bytes()
    for i, begin in enumerate((0.25, 0.4, 0.55, 0.7)):
        first = int(len(data) * begin)
        damaged = data[:first] + bytes(2048) + data[first + 2048 :]
        kept, _ = check(tmp_path / name, damaged, tmp_path / f"d{i}")
        assert len(kept) > 50


@pytest.mark.parametrize("options", [H264, MPEG2])
def test_joined_recordings_lose_nothing_at_the_joint(source, tmp_path, options):
    for i, jump in enumerate((0.48, 1.2, 1.8)):
        parts = []
        for offset in (0, 4 + jump):
            parts.append(tmp_path / f"part{len(parts)}.ts")
            start = ["-output_ts_offset", offset] if offset else []
            ffmpeg("-i", source, *options.split(), *start, parts[-1])
        joined = tmp_path / f"joined{i}.ts"
        joined.write_bytes(b"".join(part.read_bytes() for part in parts))
        ingest(joined, tmp_path / f"d{i}", *FRAMES, "--fps", 25)
        times = sorted(float(one) for one in probe(joined, "packet=pts_time"))
        held = round((times[100] - times[99]) * 25) - 1
        assert held > 5
        numbers = shown(tmp_path / f"d{i}")
        assert [numbers[k] for k in sorted(numbers)] == [*range(100), *[99] * held, *range(100)]
