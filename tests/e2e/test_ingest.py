# SPDX-License-Identifier: Apache-2.0
"""Guarantees of `lido ingest`, as a user sees them."""

import json
import re
import shutil
import subprocess

import cv2
import numpy as np
import pytest
import webdataset
from conftest import (
    LIDO,
    SMALL,
    content,
    ingest,
    largest_process_mb,
    looped,
    memory_counts,
    progress_lines,
    run,
    table,
)


def some(clips, *names):
    return [clips / name for name in names]


MIXED = [
    "h264_b.mp4",
    "hevc_b.mkv",
    "vp9.webm",
    "mjpeg.avi",
    "h264_open_gop.ts",
    "edit_list_cut.mp4",
]


def test_same_bytes_for_any_number_of_workers(clips, tmp_path):
    for workers in (1, 8):
        ingest(
            some(clips, *MIXED),
            tmp_path / str(workers),
            *SMALL,
            "--workers",
            workers,
            "--shard-mb",
            0.1,
        )
    assert content(tmp_path / "1") == content(tmp_path / "8")


def test_same_bytes_whatever_the_order_of_arguments(clips, tmp_path):
    ingest(some(clips, *MIXED), tmp_path / "a", *SMALL)
    ingest(some(clips, *reversed(MIXED)), tmp_path / "b", *SMALL)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_same_samples_when_everything_is_decoded(clips, tmp_path):
    ingest(some(clips, *MIXED), tmp_path / "planned", *SMALL)
    ingest(some(clips, *MIXED), tmp_path / "everything", *SMALL, "--decode-everything")

    def shards(d):
        return {k: v for k, v in content(d).items() if k.startswith("shards/")}

    assert shards(tmp_path / "planned") == shards(tmp_path / "everything")


@pytest.mark.parametrize(
    "name",
    [
        "h264_b.mp4",
        "h264_open_gop.mp4",
        "h264_open_gop.ts",
        "hevc_b.mp4",
        "hevc_b.mkv",
        "hevc_b.ts",
        "vp9.webm",
        "h264_mbaff.mp4",
        "h264_intra_refresh.mp4",
        "edit_list_cut.mp4",
        "variable_rate.mp4",
        "h264_fragmented.mp4",
        "av1.mp4",
        "mpeg2.ts",
    ],
)
def test_a_clip_in_spans_gives_the_samples_of_an_uncut_file(clips, tmp_path, name):
    whole = ingest(clips / name, tmp_path / "whole", *SMALL)
    cut = ingest(clips / name, tmp_path / "cut", *SMALL, "--span-s", 1)
    assert whole["samples"] == cut["samples"] > 0
    assert whole["left_over"] == cut["left_over"]

    def shards(d):
        return {k: v for k, v in content(d).items() if k.startswith("shards/")}

    assert shards(tmp_path / "whole") == shards(tmp_path / "cut")
    if name not in ("h264_intra_refresh.mp4", "variable_rate.mp4"):
        assert cut["spans"] > 1


def test_shards_are_read_by_webdataset(clips, tmp_path):
    ingest(some(clips, *MIXED), tmp_path / "d", *SMALL, "--split", "1/0/0")
    rows = {row["sample"]: row for row in table(tmp_path / "d", "manifest")}
    shards = sorted(str(p) for p in (tmp_path / "d/shards").glob("*.tar"))
    seen = 0
    for sample in webdataset.WebDataset(shards, shardshuffle=False):
        row = rows[sample["__key__"]]
        description = json.loads(sample["json"])
        assert description["pts"] == row["pts"] and description["clip"] == row["clip"]
        for number in range(4):
            image = cv2.imdecode(
                np.frombuffer(sample[f"{number:03}.jpg"], np.uint8), cv2.IMREAD_COLOR
            )
            assert image.shape == (64, 64, 3)
        seen += 1
    assert seen == len(rows) > 0


def test_tables_are_read_by_duckdb(clips, tmp_path):
    import duckdb

    ingest(some(clips, *MIXED), tmp_path / "d", *SMALL)
    generation = tmp_path / "d/generations/000001"

    def one(query):
        return duckdb.sql(query.format(generation)).fetchall()[0]

    count, longest = one("select count(*), max(len(pts)) from '{}/manifest.parquet'")
    assert longest == 4 and (count,) == one("select sum(samples)::bigint from '{}/clips.parquet'")
    assert one("select count(*) from '{}/rejected.parquet'") == (0,)


def reference_pixels(clip):
    """FFmpeg decodes, turns and converts; OpenCV resizes by area: short side 73, centre crop 64."""
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-of", "json", clip],
        capture_output=True,
        check=True,
    ).stdout
    aspect = json.loads(probe)["streams"][0].get("sample_aspect_ratio", "1:1").split(":")
    shown = subprocess.run(
        [
            *"ffmpeg -v error -i".split(),
            clip,
            *"-frames:v 1 -sws_flags accurate_rnd+full_chroma_int+full_chroma_inp".split(),
            *"-c:v png -pix_fmt rgb24 -f image2pipe -".split(),
        ],
        capture_output=True,
        check=True,
    ).stdout
    picture = cv2.cvtColor(
        cv2.imdecode(
            np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        ),
        cv2.COLOR_BGR2RGB,
    )
    height, width = picture.shape[0], picture.shape[1] * int(aspect[0]) / int(aspect[1])
    scale = 73 / min(width, height)
    resized = cv2.resize(
        picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA
    )
    x, y = (resized.shape[1] - 64) // 2, (resized.shape[0] - 64) // 2
    return resized[y : y + 64, x : x + 64]


@pytest.mark.parametrize(
    "name",
    [
        "look.mp4",
        "look_10bit.mp4",
        "look_422.mov",
        "look_444.mp4",
        "look_full_range.mp4",
        "look_grey.mp4",
        "look_bt709.mp4",
        "look_mjpeg.avi",
        "look_rgb.mkv",
        "look_odd.mkv",
        "rotated.mp4",
        "rotated_left.mp4",
        "upside_down.mp4",
        "anamorphic.mp4",
    ],
)
def test_pixels_agree_with_ffmpeg_and_opencv(clips, tmp_path, name):
    ingest(clips / name, tmp_path / "d", *SMALL, "--split", "1/0/0", "--quality", 100)
    sample = next(
        iter(
            webdataset.WebDataset(
                [str(next((tmp_path / "d/shards").glob("*.tar")))], shardshuffle=False
            )
        )
    )
    mine = cv2.cvtColor(
        cv2.imdecode(np.frombuffer(sample["000.jpg"], np.uint8), cv2.IMREAD_COLOR),
        cv2.COLOR_BGR2RGB,
    )
    difference = np.abs(mine.astype(int) - reference_pixels(str(clips / name)).astype(int))
    # Two 8-bit roundings, two filters and JPEG at quality 100. A wrong matrix, range or rotation,
    # or half a pixel of offset, is above 3.
    assert difference.mean() < 2


def test_a_window_never_crosses_a_pause(clips, tmp_path):
    result = ingest(clips / "pause.mkv", tmp_path / "d", *SMALL)
    clip = table(tmp_path / "d", "clips")[0]
    seconds = clip["time_base_num"] / clip["time_base_den"]
    rows = table(tmp_path / "d", "manifest")
    assert len(rows) == result["samples"] > 2
    steps = [(b - a) * seconds for row in rows for a, b in zip(row["pts"], row["pts"][1:])]
    assert max(steps) < 1
    assert min(row["start_s"] for row in rows) < 2 and max(row["start_s"] for row in rows) > 8
    covered = {row["first_k"] + i for row in rows for i in range(4)}
    assert clip["left_over"] == clip["frames"] - len(covered)


def test_shards_have_the_size_asked_for(clips, tmp_path):
    ingest(clips, tmp_path / "d", *SMALL, "--shard-mb", 0.2, "--split", "1/0/0")
    sizes = [p.stat().st_size for p in (tmp_path / "d/shards").glob("*.tar")]
    assert len(sizes) > 3
    assert all(0.1e6 <= size <= 0.3e6 for size in sizes), sizes


def test_shards_are_balanced_for_readers(clips, tmp_path):
    ingest(clips, tmp_path / "d", *SMALL, "--readers", 6, "--split", "1/0/0")
    sizes = [p.stat().st_size for p in (tmp_path / "d/shards").glob("*.tar")]
    assert len(sizes) == 6
    assert max(sizes) < 1.5 * min(sizes)


def test_a_list_gives_groups_cameras_and_times(clips, tmp_path):
    (tmp_path / "list.csv").write_text(
        "clip,group,site,camera,start_utc\n"
        + "".join(
            f"{clips / name},event,north,cam{i},2026-07-01T14:03:00+02:00\n"
            for i, name in enumerate(MIXED[:3])
        )
    )
    ingest(tmp_path / "list.csv", tmp_path / "d", *SMALL)
    rows = table(tmp_path / "d", "manifest")
    assert {row["camera"] for row in rows} == {"cam0", "cam1", "cam2"}
    assert len({row["split"] for row in rows}) == 1, "one event, one split"
    first = min(rows, key=lambda row: row["start_s"])
    assert first["start_utc"].isoformat() == "2026-07-01T12:03:00+00:00"


def test_more_clips_make_a_new_generation_and_leave_the_old_alone(clips, tmp_path):
    ingest(clips / "h264_b.mp4", tmp_path / "d", *SMALL)
    before = content(tmp_path / "d")
    result = ingest(some(clips, "h264_b.mp4", "vp9.webm"), tmp_path / "d", *SMALL)
    assert result["generation"] == 2 and result["clips"] == 1 and result["known"] == 1
    after = content(tmp_path / "d")
    assert before.items() <= after.items()
    assert len(table(tmp_path / "d", "clips", 2)) == 2
    assert ingest(some(clips, "h264_b.mp4"), tmp_path / "d", *SMALL)["generation"] == 0
    assert content(tmp_path / "d") == after


def test_a_plan_writes_nothing(clips, tmp_path):
    done = run("ingest", clips, "--out", tmp_path / "d", "--dry-run")
    assert done.code == 0 and not (tmp_path / "d").exists()
    assert re.search(r"clips +\d+", done.out) and "shards" in done.out
    plan = run("ingest", clips, "--out", tmp_path / "d", "--dry-run", "--json").json
    real = ingest(clips, tmp_path / "d")
    assert abs(plan["samples"] - real["samples"]) <= 0.1 * real["samples"]


def test_keyframes_only_is_a_quick_look(clips, tmp_path):
    ingest(clips / "h264_b.mp4", tmp_path / "d", *SMALL, "--keyframes-only")
    clip, span = table(tmp_path / "d", "clips")[0], table(tmp_path / "d", "spans")[0]
    assert clip["frames"] == 36 and span["packets_decoded"] < 0.05 * 180


@pytest.mark.parametrize(
    "options, message",
    [
        (["--fps", "0"], "is not a rate"),
        (["--fps", "fast"], "is not a rate"),
        (["--window", "0"], "window is 0, want 1 to 1024"),
        (["--sice", "3"], "--sice"),
        (["--resize", "100"], "resize is 100, want at least size, which is 224, or 0"),
        (["--split", "80/20"], "want TRAIN/VAL/TEST"),
        (["--split-by", "site"], "no site"),
        (["--classes", "drowning"], "want TASK=LABEL"),
    ],
)
def test_wrong_use_stops_before_work_begins(clips, tmp_path, options, message):
    done = run("ingest", clips / "h264_b.mp4", "--out", tmp_path / "d", *options)
    assert done.code == 2 and message in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "d").exists()


def test_no_clips_and_foreign_folders_are_refused(clips, tmp_path):
    (tmp_path / "empty").mkdir()
    for missing in (tmp_path / "empty", tmp_path / "gone.mp4", tmp_path / "*.mp4"):
        done = run("ingest", missing, "--out", tmp_path / "d")
        assert done.code == 2 and str(missing) in done.err, done.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    done = run("ingest", clips / "h264_b.mp4", "--out", tmp_path / "mine")
    assert done.code == 2 and "not a Lido dataset" in done.err
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_other_options_are_refused_for_the_same_dataset(clips, tmp_path):
    ingest(clips / "h264_b.mp4", tmp_path / "d", *SMALL)
    done = run("ingest", clips / "vp9.webm", "--out", tmp_path / "d", *SMALL, "--quality", "80")
    assert done.code == 2 and "--quality 90" in done.err and "80" in done.err


def test_progress_is_json_lines_off_a_terminal(clips, tmp_path):
    inputs = [looped(clips / name, 50, tmp_path / name) for name in ("h264_b.mp4", "hevc_b.mkv")]
    options = "--fps 30 --size 1024 --workers 1 --scene off".split()
    lines = progress_lines([LIDO, "ingest", *inputs, "--out", tmp_path / "d", *options], 2)
    for line in lines:
        assert {"spans", "of", "frames", "frames_per_s", "rejected"} <= line.keys(), line
        assert line["of"] >= 2 and line["rejected"] == 0, line
    assert lines[-1]["frames"] > 0 and lines[-1]["frames_per_s"] > 0, lines


@memory_counts
def test_memory_does_not_grow_with_samples(clips, tmp_path):
    """Forty times as many packets, frames and samples; docs/measurements.md has longer clips."""
    looped(clips / "h264_b.mp4", 40, tmp_path / "long.mp4")
    options = "--fps 6 --size 256 --quality 98 --scene off --workers 1 --quiet".split()
    short, long = (
        largest_process_mb([LIDO, "ingest", clip, "--out", tmp_path / clip.stem, *options])
        for clip in (clips / "h264_b.mp4", tmp_path / "long.mp4")
    )
    # Equal runs differ by ten megabytes, by chance of the allocator. Samples or frames that were
    # kept would take more than twice the bound.
    most_mb = 24
    shards = sum(p.stat().st_size for p in (tmp_path / "long/shards").iterdir())
    assert shards / 1e6 > 2 * most_mb
    assert long < short + most_mb, (short, long)


def inodes(dataset):
    """Identity and time of change of each shard's file."""
    return {
        path.name: (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_ctime_ns)
        for path in (dataset / "shards").iterdir()
    }


def test_published_shards_are_not_touched(clips, tmp_path):
    """Not even to write the same bytes again: a reader may have them open."""
    out = tmp_path / "d"
    ingest(some(clips, "h264_b.mp4", "mjpeg.avi"), out, *SMALL, "--shard-mb", 0.05)
    first = inodes(out)
    assert len(first) > 3
    (tmp_path / "labels.csv").write_text(
        "clip,start_s,end_s,task,label\nmjpeg.avi,0,2,behaviour,swimming\n"
    )
    ingest(some(clips, "h264_b.mp4", "mjpeg.avi", "vp9.webm"), out, *SMALL, "--shard-mb", 0.05)
    assert run("label", out, "--labels", tmp_path / "labels.csv").code == 0
    assert run("inspect", out, "--verify", "--augmented").code == 0
    ingest(some(clips, "h264_b.mp4"), out, *SMALL)
    assert first.items() < inodes(out).items()
    # Forgetting one clip rewrites the shards that hold some of it, and no other.
    before, rows = inodes(out), table(out, "manifest", 3)
    held = {r["shard"].split("/")[1] for r in rows if r["clip"].endswith("vp9.webm")}
    assert run("forget", out, "--clip", "vp9.webm", "--time", "all").code == 0
    after = inodes(out)
    assert held and not held & after.keys()
    assert {k: v for k, v in before.items() if k not in held}.items() <= after.items()


def test_a_changed_clip_is_left_out(clips, tmp_path):
    shutil.copy(clips / "h264_b.mp4", tmp_path / "a.mp4")
    ingest(tmp_path / "a.mp4", tmp_path / "d", *SMALL)
    shutil.copy(clips / "h264_no_b.mp4", tmp_path / "a.mp4")
    before = content(tmp_path / "d")
    done = run("ingest", tmp_path / "a.mp4", "--out", tmp_path / "d", *SMALL)
    assert done.code == 3 and "Published samples never change" in done.err, done.err
    shards = {name: sha for name, sha in before.items() if name.startswith("shards/")}
    assert shards and shards.items() <= content(tmp_path / "d").items()


def test_report_is_one_small_file_that_tells_it_all(clips, tmp_path):
    ingest(clips, tmp_path / "d", *SMALL)
    html = (tmp_path / "d/report.html").read_text()
    assert len(html) < 5e6 and "http" not in re.sub(r"data:[^\"]+", "", html)
    for heading in (
        "Frames",
        "Timeline",
        "Splits and labels",
        "Rejected",
        "Cost of the last ingest",
    ):
        assert heading in html
    assert "24 of" in html, "strips are capped, and it says so"
    images = re.findall(r"base64,([^\"]+)", html)
    import base64

    assert cv2.imdecode(
        np.frombuffer(base64.b64decode(images[0]), np.uint8), cv2.IMREAD_COLOR
    ).shape == (64, 64, 3)
