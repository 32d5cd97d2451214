# SPDX-License-Identifier: Apache-2.0
"""A clip is known by its content: copies, moved, touched, replaced and growing files.

The truth: bytes and times of files as this test wrote them, and the brightness of stored frames,
which FFmpeg drew as the number of the frame (see test_forget.py).
"""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from conftest import LIDO, content, ingest, run, table
from test_forget import QUICK, forget, frames_stored, stepped_clip

PACKET = 188


def null_packets(count, fill):
    """Packets of a transport stream that carry nothing."""
    return (b"\x47\x1f\xff\x10" + bytes([fill]) * (PACKET - 4)) * count


def transport_stream(path, size=None, **steps):
    """A stepped clip as a transport stream, filled up with empty packets to a size."""
    mp4 = stepped_clip(path.with_suffix(".making.mp4"), **steps)
    subprocess.run(
        [*"ffmpeg -v error -nostdin -y -i".split(), mp4, *"-c copy -f mpegts".split(), path],
        check=True,
    )
    mp4.unlink()
    if size is not None:
        assert (missing := size - path.stat().st_size) >= 0 and missing % PACKET == 0
        with open(path, "ab") as file:
            file.write(null_packets(missing // PACKET, 255))
    return path


def ingest_quick(inputs, out, *options, code=0):
    return ingest(inputs, out, *QUICK, *options, code=code)


def generation(dataset):
    return max(int(p.name) for p in (dataset / "generations").iterdir())


def rows(dataset, name="manifest"):
    return table(dataset, name, generation(dataset))


def test_copies_are_one_clip(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    stepped_clip(raw / "a.mp4")
    alone = ingest_quick(raw, tmp_path / "alone")
    for number in range(19):
        (raw / str(number)).mkdir()
        shutil.copy(raw / "a.mp4", raw / f"{number}/copy.mp4")
    done = ingest_quick(raw, tmp_path / "d")
    assert (done["clips"], done["copies"]) == (1, 19)
    assert done["samples"] == alone["samples"] == len(rows(tmp_path / "d"))
    assert len({row["split"] for row in rows(tmp_path / "d")}) == 1
    (clip,) = rows(tmp_path / "d", "clips")
    named = {one["clip"]: one["copy_of"] for one in done["copied_clips"]}
    assert set(named) | {clip["clip"]} == {str(p) for p in raw.rglob("*.mp4")}
    assert set(named.values()) == {clip["clip"]} and sorted(named) == clip["copies"]
    assert any("copies of other clips" in line for line in done["warnings"])
    before = content(tmp_path / "d")
    again = ingest_quick(raw, tmp_path / "d")
    assert (again["generation"], again["clips"], again["known"]) == (0, 0, 20)
    assert content(tmp_path / "d") == before


def test_a_copy_that_comes_later_gives_no_samples(tmp_path):
    clip = stepped_clip(tmp_path / "a.mp4")
    ingest_quick(clip, tmp_path / "d")
    shutil.copy(clip, tmp_path / "later.mp4")
    other = stepped_clip(tmp_path / "b.mp4", frames=9)
    done = ingest_quick([tmp_path / "later.mp4", other], tmp_path / "d")
    assert (done["clips"], done["copies"]) == (1, 1)
    assert done["copied_clips"] == [{"clip": str(tmp_path / "later.mp4"), "copy_of": str(clip)}]
    assert {r["clip"] for r in rows(tmp_path / "d")} == {str(clip), str(other)}


def test_files_that_agree_in_size_ends_and_middle_are_compared_whole(tmp_path):
    """Two recordings into preallocated files, which differ far from a quick look."""
    stream = transport_stream(tmp_path / "a.ts").read_bytes()
    sizes = [null_packets(2000, fill) for fill in (1, 2)]
    pair = [tmp_path / "a.ts", tmp_path / "b.ts"]
    for path, padding in zip(pair, sizes):
        # Equal packets before and after those that differ, which lie at an eighth of the file.
        path.write_bytes(
            stream + null_packets(400, 9) + padding[: 40 * PACKET] + null_packets(3000, 9)
        )
    assert pair[0].stat().st_size == pair[1].stat().st_size > 5 * 65536
    assert pair[0].read_bytes() != pair[1].read_bytes()
    done = ingest_quick(pair, tmp_path / "d")
    assert (done["clips"], done["copies"]) == (2, 0)
    shutil.copy(pair[0], tmp_path / "c.ts")
    done = ingest_quick([*pair, tmp_path / "c.ts"], tmp_path / "d")
    assert (done["clips"], done["copies"], done["known"]) == (0, 1, 2)
    assert done["copied_clips"][0]["copy_of"] == str(pair[0])


def test_a_touched_or_moved_archive_is_not_changed(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(3):
        stepped_clip(raw / f"{number}.mp4", frames=7 + number)
    ingest_quick(raw, tmp_path / "d")
    before = content(tmp_path / "d")
    for path in raw.iterdir():
        os.utime(path, (1, 1))
    done = ingest_quick(raw, tmp_path / "d")
    assert (done["generation"], done["known"], done["changed"]) == (0, 3, 0)
    raw.rename(tmp_path / "elsewhere")
    done = ingest_quick(tmp_path / "elsewhere", tmp_path / "d")
    assert (done["generation"], done["known"], done["copies"]) == (0, 3, 0)
    assert any("another name now" in line for line in done["warnings"])
    assert content(tmp_path / "d") == before


@pytest.mark.parametrize("touch", [True, False])
def test_a_file_replaced_by_one_of_equal_size_is_noticed(tmp_path, touch):
    raw = tmp_path / "raw"
    raw.mkdir()
    size = 400 * 1024 // PACKET * PACKET
    clip = transport_stream(raw / "cam.ts", size, frames=5)
    ingest_quick(raw, tmp_path / "d")
    kept = {r["sample"]: r["sha256"] for r in rows(tmp_path / "d")}
    old_time = clip.stat()
    transport_stream(clip, size, first=5, frames=5)
    assert clip.stat().st_size == size
    if not touch:  # restored by a tool that keeps times, and named as a single file
        os.utime(clip, ns=(old_time.st_atime_ns, old_time.st_mtime_ns + 1))
    stepped_clip(raw / "new.mp4", frames=3)
    done = ingest_quick(raw, tmp_path / "d", code=3)
    assert (done["changed"], done["changed_clips"]) == (1, [str(clip)])
    assert any("cam.ts" in line and "changes since" in line for line in done["warnings"])
    assert (done["clips"], done["generation"]) == (1, 2), "the new clip is ingested all the same"
    now = {r["sample"]: r["sha256"] for r in rows(tmp_path / "d")}
    assert kept.items() < now.items()


def test_a_recording_that_grew_is_reported_and_others_are_ingested(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    clip = transport_stream(raw / "cam.ts", frames=5)
    ingest_quick(raw, tmp_path / "d")
    with open(clip, "ab") as file:
        file.write(null_packets(100, 255))
    stepped_clip(raw / "new.mp4", frames=3)
    done = run("ingest", raw, "--out", tmp_path / "d", *QUICK, "--quiet")
    assert done.code == 3 and "cam.ts" in done.err, done.err
    assert {r["clip"] for r in rows(tmp_path / "d", "clips")} == {str(clip), str(raw / "new.mp4")}


def test_a_file_replaced_between_kill_and_resume_gives_the_new_content_only(tmp_path):
    size = 3_000_000 // PACKET * PACKET
    clip = transport_stream(tmp_path / "cam.ts", size, frames=900, rate=15, steps=5)
    second = transport_stream(tmp_path / "second.ts", size, frames=900, rate=15, first=5, steps=5)
    command = [LIDO, "ingest", clip, "--out", tmp_path / "d", *QUICK]
    command = [str(c) for c in [*command, "--span-s", 2, "--workers", 1, "--quiet"]]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    parts = tmp_path / "d/.work/parts"
    while process.poll() is None and len(list(parts.glob("*"))) < 4:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "killed in mid-work"
    assert not (tmp_path / "d/generations").exists() and len(list(parts.glob("[0-9a-f]*"))) > 2
    before = clip.stat()
    second.rename(clip)
    os.utime(clip, ns=(before.st_atime_ns, before.st_mtime_ns))
    done = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shown = frames_stored(tmp_path / "d").keys()
    assert shown and shown <= set(range(5, 10)), "frames of the second file only"


def test_copies_with_another_description_are_refused_by_name(tmp_path):
    clip = stepped_clip(tmp_path / "a.mp4")
    shutil.copy(clip, tmp_path / "b.mp4")
    day = "2026-07-0{}T00:00:00.000000Z"
    for column in ("group", "site", "camera", "start_utc"):
        one, two = (day.format(1), day.format(2)) if column == "start_utc" else ("one", "two")
        text = f"clip,{column}\na.mp4,{one}\nb.mp4,{two}\n"
        (tmp_path / "list.csv").write_text(text)
        done = run("ingest", tmp_path / "list.csv", "--out", tmp_path / "d", *QUICK)
        assert done.code == 2 and done.err.count("\n") == 1, done.err
        assert all(part in done.err for part in ("a.mp4", "b.mp4", column, f'"{two}"', f'"{one}"'))
        assert not (tmp_path / "d").exists()
        (tmp_path / "list.csv").write_text(text.replace(two, one))
        assert ingest_quick(tmp_path / "list.csv", tmp_path / column)["copies"] == 1


def test_a_described_copy_comes_before_a_bare_one(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    clip = stepped_clip(raw / "b.mp4")
    shutil.copy(clip, raw / "a.mp4")
    (tmp_path / "list.csv").write_text("clip,camera\nraw/b.mp4,left\n")
    done = ingest_quick([raw, tmp_path / "list.csv"], tmp_path / "d")
    assert (done["clips"], done["copies"]) == (1, 1)
    assert [(r["clip"], r["camera"]) for r in rows(tmp_path / "d", "clips")] == [
        (str(clip), "left")
    ]


def test_forgotten_footage_does_not_come_back_under_another_path(tmp_path):
    clips = [stepped_clip(tmp_path / "a.mp4"), stepped_clip(tmp_path / "b.mp4", frames=9)]
    ingest_quick(clips, tmp_path / "d")
    forget(tmp_path / "d", "--clip", "a.mp4", "--time", "all")
    done = ingest_quick(clips[0], tmp_path / "d")
    assert any("a.mp4" in line and "forgotten" in line for line in done["warnings"]), done
    shutil.copy(clips[0], tmp_path / "copy.mp4")
    os.link(clips[0], tmp_path / "link.mp4")
    shutil.copytree(tmp_path, tmp_path / "moved", ignore=lambda *_: ["d", "moved"])
    for path in (tmp_path / "copy.mp4", tmp_path / "link.mp4", tmp_path / "moved"):
        done = ingest_quick(path, tmp_path / "d")
        assert done["samples"] == 0, path
        assert 9 not in frames_stored(tmp_path / "d"), "only a.mp4 has a tenth frame"
    clips[0].rename(tmp_path / "renamed.mp4")
    ingest_quick(tmp_path / "renamed.mp4", tmp_path / "d")
    assert 9 not in frames_stored(tmp_path / "d")
    done = ingest_quick(tmp_path / "moved/a.mp4", tmp_path / "d")
    assert any("forgotten" in line or "copies" in line for line in done["warnings"]), done


def test_forgetting_takes_the_name_of_a_copy(tmp_path):
    clip = stepped_clip(tmp_path / "a.mp4")
    shutil.copy(clip, tmp_path / "copy.mp4")
    ingest_quick([clip, tmp_path / "copy.mp4"], tmp_path / "d")
    forget(tmp_path / "d", "--clip", "copy.mp4", "--time", "5-6")
    assert 5 not in frames_stored(tmp_path / "d")


def test_a_dry_run_names_copies(tmp_path):
    clip = stepped_clip(tmp_path / "a.mp4")
    shutil.copy(clip, tmp_path / "copy.mp4")
    done = run("ingest", tmp_path, "--out", tmp_path / "d", *QUICK, "--dry-run", "--json")
    assert done.json["clips"] == 1 and done.json["copies"] == 1
    assert "copy.mp4" in done.err and not pathlib.Path(tmp_path / "d").exists()
