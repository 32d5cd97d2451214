# SPDX-License-Identifier: Apache-2.0
"""--fps auto: samples where something moves, and nothing of that is lost."""

import pyarrow.parquet
import pytest
from conftest import CLIPS, LIDO, film_people, ingest, kill_with_parts, made, run, table

NIGHT = CLIPS / "night/h264.mp4"
MOVES = [(20, 24), (100, 103)]  # seconds with movement
AUTO = ["--scene", "off", "--fps", "auto:30", "--window", "8", "--stride", "8", "--size", "64"]


def times(dataset):
    """Sampling times in samples, and those passed over; each is in one of them."""
    kept, skipped = set(), set()
    for row in table(dataset, "manifest"):
        kept |= set(range(row["first_k"], row["first_k"] + len(row["pts"]) - row["repeated"]))
    for row in table(dataset, "skipped"):
        skipped |= set(range(row["first_k"], row["end_k"]))
        assert row["start_s"] < row["end_s"]
    assert not kept & skipped
    return kept, skipped


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("auto") / "d"
    ingest(NIGHT, out, *AUTO, "--span-s", 86400, "--workers", 1)
    assert len(table(out, "spans")) == 1
    return out


def test_what_moves_is_sampled_and_the_rest_is_told(dataset, tmp_path):
    kept, skipped = times(dataset)
    for start, end in MOVES:
        # A window may begin up to a stride later than the movement.
        assert not skipped & set(range(start * 30, end * 30))
        assert kept >= set(range(start * 30 + 8, end * 30 - 8))
    assert len(kept) < 0.25 * 160 * 30
    again = ingest(NIGHT, tmp_path / "d", *AUTO)
    assert again["skipped_hours"] == pytest.approx(len(skipped) / 30 / 3600, rel=1e-6)
    assert "skipped: nothing moved" in (dataset / "report.html").read_text()


def test_samples_are_those_of_the_fixed_rate(dataset, tmp_path):
    """Whatever is sampled shows what it would show if nothing had been passed over."""
    ingest(NIGHT, tmp_path / "d", "--fps", "30", "--window", "1", "--stride", "1", "--size", "64")
    fixed = {r["first_k"]: r["pts"][0] for r in table(tmp_path / "d", "manifest")}
    assert len(fixed) == 160 * 30 and table(tmp_path / "d", "skipped") == []
    for row in table(dataset, "manifest"):
        assert len(row["pts"]) == 8 and row["repeated"] < 8
        shown = row["pts"][: 8 - row["repeated"]]
        assert shown == [fixed[row["first_k"] + i] for i in range(len(shown))]
        assert set(row["pts"][len(shown) :]) <= {shown[-1]}


@pytest.mark.parametrize("options", [["--span-s", "60"], ["--span-s", "10", "--workers", "2"]])
def test_spans_and_workers_change_nothing(dataset, tmp_path, options):
    ingest(NIGHT, tmp_path / "d", *AUTO, *options)
    assert len(table(tmp_path / "d", "spans")) == 3
    assert made(tmp_path / "d") == made(dataset)


def test_a_killed_ingest_goes_on_to_the_same_bytes(dataset, tmp_path):
    out, options = tmp_path / "d", [*AUTO, *"--span-s 60 --workers 1 --quiet".split()]
    for parts in (1, 2):
        kill_with_parts([LIDO, "ingest", NIGHT, "--out", out, *options], out, parts)
    assert ingest(NIGHT, out, *options)["spans_resumed"] == 2
    assert made(out) == made(dataset)


@pytest.mark.parametrize("option", ["--decode-everything", "--keyframes-only"])
def test_a_rate_of_its_own_and_all_or_few_pictures_exclude_each_other(tmp_path, option):
    done = run("ingest", NIGHT, "--out", tmp_path / "d", "--fps", "auto", option)
    assert done.code == 2 and "fps is auto:8, want a fixed rate such as 8" in done.err, done.err
    assert not (tmp_path / "d").exists()


def test_a_dry_run_says_what_it_cannot_know(tmp_path):
    done = run("ingest", NIGHT, "--out", tmp_path / "d", "--fps", "auto", "--dry-run")
    assert (
        done.code == 0
        and "at most 1 280" in done.out
        and "not known before motion is measured" in done.out
    ), done.out


@pytest.fixture(scope="module")
def night_with_people(tmp_path_factory):
    """A screen in a room under a noisy camera; after a minute two people move for ten seconds where
    the screen was, then the screen is back.
    """
    clip = tmp_path_factory.mktemp("night") / "night.mp4"
    graph = (
        "[in]split=2[a][b];[a]trim=end_frame=1,drawbox=40:180:360:480:gray:fill,"
        "loop=-1:1,setpts=N/10/TB,trim=0:60,split[before][after];"
        "[before][b][after]concat=n=3:v=1,noise=alls=5:allf=t:all_seed=3,format=yuv420p"
    )
    film_people(clip, graph)
    return clip


def test_people_are_followed_as_at_the_fixed_rate(night_with_people, tmp_path):
    options = ["--scene", "on", "--window", "4", "--stride", "2"]
    ingest(night_with_people, tmp_path / "auto", *options, "--fps", "auto:4")
    ingest(night_with_people, tmp_path / "fixed", *options, "--fps", "4")
    looked = {name: len(scene_rows(tmp_path / name, "motion")) for name in ("auto", "fixed")}
    assert looked["auto"] < 0.5 * looked["fixed"]
    seen = {
        name: [
            (o["k"], o["track"] > 0)
            for o in scene_rows(tmp_path / name, "objects")
            if o["class_name"] == "person"
        ]
        for name in ("auto", "fixed")
    }
    assert len(seen["fixed"]) >= 2 * 36  # two people, ten seconds at 4 a second
    assert seen["auto"] == seen["fixed"]
    assert len(table(tmp_path / "auto", "manifest")) == len(table(tmp_path / "fixed", "manifest"))


def test_spans_change_nothing_of_what_is_seen(night_with_people, tmp_path):
    """At 32 a second reading may begin at 64 s: while they move."""
    options = ["--scene", "on", "--window", "8", "--stride", "8", "--fps", "auto:32"]
    for name, span_s in (("one", 86400), ("many", 1)):
        ingest(night_with_people, tmp_path / name, *options, "--span-s", span_s)
    assert len(table(tmp_path / "many", "spans")) == 3
    assert made(tmp_path / "many") == made(tmp_path / "one")


def scene_rows(dataset, name):
    return pyarrow.parquet.read_table(dataset / f"scenes/g000001/{name}.parquet").to_pylist()
