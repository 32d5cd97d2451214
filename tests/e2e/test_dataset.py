# SPDX-License-Identifier: Apache-2.0
"""Labels, forgetting, inspecting."""

import json

import pytest
from conftest import SMALL, content, ingest, run, table

HEADER = "clip,start_s,end_s,task,label,track,x,y,width,height\n"


def labels_of(dataset, generation):
    return {
        (row["clip"].rsplit("/", 1)[-1], row["first_k"]): row["labels"]
        for row in table(dataset, "manifest", generation)
    }


@pytest.fixture
def dataset(clips, tmp_path):
    ingest([clips / "h264_b.mp4", clips / "hevc_b.mp4"], tmp_path / "d", *SMALL)
    return tmp_path / "d"


def test_labels_stand_on_the_samples_they_overlap(clips, tmp_path):
    (tmp_path / "labels.csv").write_text(
        HEADER + "h264_b.mp4,1.0,2.0,behaviour,drowning,,100,50,20,40\n"
        "h264_b.mp4,1.5,6,age,child,7,,,,\n"
    )
    given = ["--samples", "frame", "--labels", tmp_path / "labels.csv"]
    ingest(clips / "h264_b.mp4", tmp_path / "d", *SMALL, *given)
    labels = labels_of(tmp_path / "d", 1)
    # Windows of 4 frames at 6 fps: k = 4 covers 0.67 to 1.17 s, of which 1.0 and 1.17 are inside.
    assert labels["h264_b.mp4", 2] == []
    (early,) = labels["h264_b.mp4", 4]
    assert (early["task"], early["label"], early["overlap"]) == ("behaviour", "drowning", 0.5)
    assert [label["label"] for label in labels["h264_b.mp4", 8]] == ["drowning", "child"]
    row = next(r for r in table(tmp_path / "d", "manifest") if r["first_k"] == 6)
    x, y, width, height = row["labels"][0]["boxes"][:4]
    assert x == pytest.approx(100 * row["scale_x"] + row["offset_x"]) and height == pytest.approx(
        40 * row["scale_y"]
    )


def test_new_labels_touch_no_shard(dataset, tmp_path):
    before = {
        k: v for k, v in content(dataset).items() if k.startswith(("shards", "generations/000001"))
    }
    (tmp_path / "labels.csv").write_text(HEADER + "h264_b.mp4,0,6,behaviour,swimming,,,,,\n")
    done = run("label", dataset, "--labels", tmp_path / "labels.csv", "--json")
    assert done.code == 0 and done.json["generation"] == 2
    assert before.items() <= content(dataset).items()
    labels = labels_of(dataset, 2)
    assert all(bool(found) == (clip == "h264_b.mp4") for (clip, _), found in labels.items())
    again = run("label", dataset, "--labels", tmp_path / "labels.csv", "--json").json
    (swimming,) = again.pop("label_seconds")
    assert swimming["labelled_s"] == swimming["in_samples_s"] > 5.9
    assert again == {
        "generation": 2,
        "labels_read": 1,
        "labels_unmatched": 0,
        "labels_on_no_sample": 0,
        "labels_beyond_end": 0,
        "labels_replaced_s": {},
        "labels_lost": [],
        "labels_beyond": [],
        "samples_changed": 0,
    }


def test_labels_as_parquet(dataset, tmp_path):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(
        pyarrow.table(
            {
                "clip": ["h264_b.mp4"],
                "start_s": [0.0],
                "end_s": [6.0],
                "task": ["age"],
                "label": ["adult"],
            }
        ),
        tmp_path / "l.parquet",
    )
    assert run("label", dataset, "--labels", tmp_path / "l.parquet").code == 0
    assert {label["label"] for found in labels_of(dataset, 2).values() for label in found} == {
        "adult"
    }


CVAT = """<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>
  <meta><task><source>h264_b.mp4</source></task></meta>
  <track id="0" label="drowning">
    <box frame="30" outside="0" xtl="10" ytl="20" xbr="40" ybr="80"/>
    <box frame="45" outside="0" xtl="20" ytl="20" xbr="50" ybr="80"/>
    <box frame="60" outside="1" xtl="20" ytl="20" xbr="50" ybr="80"/>
  </track></annotations>"""


def test_labels_from_cvat(dataset, tmp_path):
    (tmp_path / "cvat.xml").write_text(CVAT)
    done = run("label", dataset, "--labels", tmp_path / "cvat.xml")
    assert done.code == 0, done.err
    labels = labels_of(dataset, 2)
    assert labels["h264_b.mp4", 6][0]["overlap"] == 1.0  # 1.0 to 1.5 s is frames 30 to 45
    row = next(
        r
        for r in table(dataset, "manifest", 2)
        if r["clip"].endswith("h264_b.mp4") and r["first_k"] == 8
    )
    boxes = row["labels"][0]["boxes"]
    assert boxes[0] == pytest.approx(10 * row["scale_x"] + row["offset_x"])  # frame 40
    assert boxes[4] == pytest.approx(20 * row["scale_x"] + row["offset_x"])  # frame 45


@pytest.mark.parametrize(
    "text, message",
    [
        (HEADER + "h264_b.mp4,3,1,age,child,,,,,\n", "line 2: from 3 s to 1 s"),
        (HEADER + "h264_b.mp4,0,soon,age,child,,,,,\n", '"soon" is not a number'),
        (HEADER + "h264_b.mp4,0,1,age,,,,,,\n", "label is empty"),
        (HEADER + "h264_b.mp4,0,1,age,child,,1,2,,\n", "box is not whole"),
        ("clip,start_s,end_s,task\n", 'no column "label"'),
        ("clip,start_s,end_s,task,label,colour\n", 'unknown column "colour"'),
        ("<annotations></annotations>", "CVAT"),
        ("<annotations>", "broken XML"),
        ("", "empty"),
    ],
)
def test_bad_labels_are_refused_with_their_place(dataset, tmp_path, text, message):
    before = content(dataset)
    (tmp_path / "labels").write_text(text)
    done = run("label", dataset, "--labels", tmp_path / "labels")
    assert done.code == 2 and message in done.err and done.err.count("\n") == 1, done.err
    assert content(dataset) == before


def test_a_labels_file_for_the_whole_pool_is_used_where_it_matches(dataset, tmp_path):
    (tmp_path / "labels.csv").write_text(
        HEADER
        + "h264_b.mp4,0,6,age,child,,,,,\n"
        + "tomorrow.mp4,0,6,age,child,,,,,\n"
        + "tomorrow.mp4,6,7,age,child,,,,,\n"
    )
    done = run("label", dataset, "--labels", tmp_path / "labels.csv", "--json")
    assert done.code == 3 and done.json["labels_unmatched"] == 2
    assert "2 of 3 labels skipped" in done.err and '"tomorrow.mp4"' in done.err, done.err
    assert done.json["samples_changed"] > 0


def test_a_binary_labels_file_is_never_printed(dataset, clips):
    done = run("label", dataset, "--labels", clips / "h264_b.mp4")
    assert done.code == 2 and "neither CSV nor Parquet" in done.err
    assert done.err.isprintable() or done.err[:-1].isprintable()


def test_inspect_counts_samples_and_not_intervals(dataset, tmp_path):
    (tmp_path / "labels.csv").write_text(
        HEADER + "".join(f"h264_b.mp4,{t},{t + 1},age,child,{t},,,,\n" for t in range(6))
    )
    done = run(
        "label", dataset, "--labels", tmp_path / "labels.csv", "--classes", "age=elder,child"
    )
    assert done.code == 0, done.err
    rows = table(dataset, "manifest", 2)
    assert max(len(row["labels"]) for row in rows) > 1, "several intervals on a sample"
    counts = [s["labels"] for s in run("inspect", dataset, "--json").json["splits"].values()]
    labelled = sum(bool(row["labels"]) for row in rows)
    assert sum(c.get("age: child", 0) for c in counts) == labelled
    text = run("inspect", dataset).out
    assert "age: elder" in text, "a known label without samples has a row"


def test_an_unknown_label_is_refused_until_it_is_announced(dataset, tmp_path):
    good, typo = tmp_path / "good.csv", tmp_path / "typo.csv"
    good.write_text(HEADER + "h264_b.mp4,0,1,behaviour,drowning,,,,,\n")
    typo.write_text(HEADER + "h264_b.mp4,0,1,behaviour,drownig,,,,,\n")
    assert run("label", dataset, "--labels", good).code == 0
    done = run("label", dataset, "--labels", typo)
    assert '--classes "behaviour=drownig"' in done.err
    assert done.code == 2 and 'unknown label "drownig"' in done.err and "drowning" in done.err
    assert run("label", dataset, "--labels", typo, "--classes", "behaviour=drownig").code == 0


def test_forgetting_leaves_not_one_byte(dataset, clips):
    rows = table(dataset, "manifest")
    gone = [
        r for r in rows if r["clip"].endswith("h264_b.mp4") and r["start_s"] < 3 and r["end_s"] >= 2
    ]
    pixels = []
    for row in gone:
        with open(dataset / row["shard"], "rb") as shard:
            shard.seek(row["offset"] + 512 + 700)  # past the tar and JPEG headers
            pixels.append(shard.read(400))
    run("inspect", dataset, "--open")
    done = run("forget", dataset, "--clip", "h264_b.mp4", "--time", "2-3", "--json")
    assert done.code == 0 and done.json["samples_removed"] == len(gone) > 0, done.err
    kept = table(dataset, "manifest", 2)
    assert {r["sample"] for r in kept} == {r["sample"] for r in rows} - {r["sample"] for r in gone}
    assert {r["sample"]: r["sha256"] for r in kept}.items() <= {
        r["sample"]: r["sha256"] for r in rows
    }.items()
    everything = b"".join(p.read_bytes() for p in dataset.rglob("*") if p.is_file())
    for sample, _picture in zip(gone, pixels):
        assert sample["sample"].encode() not in everything
    # The first frame of the first removed sample is also in an earlier window, which stays.
    assert sum(picture in everything for picture in pixels) <= 1
    assert (
        not (dataset / "generations/000001").exists()
        and not (dataset / "contact_sheet.html").exists()
    )
    record = json.loads((dataset / "forgotten.json").read_text())[0]
    assert record["samples"] == len(gone) and record["shards_before"] != record["shards_after"]
    assert run("inspect", dataset, "--verify").code == 0
    # It stays forgotten, also by a dataset that is grown later.
    ingest([clips / "h264_b.mp4", clips / "vp9.webm"], dataset, *SMALL)
    assert not {r["sample"] for r in table(dataset, "manifest", 3)} & {r["sample"] for r in gone}


def test_forgetting_a_whole_clip(dataset):
    assert run("forget", dataset, "--clip", "hevc_b.mp4", "--time", "all").code == 0
    assert {r["clip"].rsplit("/")[-1] for r in table(dataset, "manifest", 2)} == {"h264_b.mp4"}


@pytest.mark.parametrize(
    "options, message",
    [
        (["--clip", "gone.mp4", "--time", "all"], "no clip named"),
        (["--clip", "h264_b.mp4", "--time", "3-2"], "want 0 <= start < end"),
        (["--clip", "h264_b.mp4", "--time", "7-8"], "the clip ends at 0:06"),
        (["--clip", "h264_b.mp4", "--time", "noon"], "want START-END"),
    ],
)
def test_forgetting_what_is_not_there_is_refused(dataset, options, message):
    before = content(dataset)
    done = run("forget", dataset, *options)
    assert done.code == 2 and message in done.err
    assert content(dataset) == before


def test_inspect(dataset, tmp_path):
    assert "samples" in run("inspect", dataset).out
    assert run("inspect", dataset, "--json").json["samples"] == len(table(dataset, "manifest"))
    assert run("inspect", dataset, "--verify", "--augmented").code == 0
    assert (dataset / "contact_sheet.html").stat().st_size > 10000
    assert run("inspect", tmp_path).code == 2
    sheet = (dataset / "contact_sheet.html").read_text()
    shown = [row for row in table(dataset, "manifest") if row["sample"] in sheet]
    assert shown and all(f"{row['split']}, <code>{row['sample']}" in sheet for row in shown)
    other = run("inspect", dataset, "--generation", "9")
    assert other.code == 2 and "no generation 9, want one of: 1" in other.err


def test_verify_reads_on_behind_damage(clips, tmp_path):
    """Bytes of two samples of one shard are overwritten, and a second shard is gone."""
    names = ["h264_b.mp4", "hevc_b.mp4", "vp9.webm"]
    inputs = [clips / name for name in names]
    options = "--fps 6 --size 256 --window 4 --stride 2 --scene off --split 1/0/0 --shard-mb 0.3"
    ingest(inputs, tmp_path / "d", *options.split())
    rows = table(tmp_path / "d", "manifest")
    first = [row for row in rows if row["shard"] == rows[0]["shard"]]
    lost = [row for row in rows if row["shard"] == rows[-1]["shard"]]
    assert len(first) > 2 and first[0]["shard"] != lost[0]["shard"]
    with open(tmp_path / "d" / first[0]["shard"], "r+b") as shard:
        for row in (first[0], first[2]):
            shard.seek(row["offset"] + row["length"] // 2)
            shard.write(b"damage")
    (tmp_path / "d" / lost[0]["shard"]).unlink()
    damaged = 2 + len(lost)
    done = run("inspect", tmp_path / "d", "--verify")
    assert done.code == 3 and done.err.count("\n") == 1, done.err
    assert f"{damaged} of {len(rows)} samples are damaged, in 2 shards; the first: " in done.err
    for row in (first[0], first[2], lost[0]):
        assert f"{row['shard']}: sample {row['sample']}: " in done.err
    assert "Copy the shard from a backup" in done.err
    assert f"Checked {len(rows)} samples: {len(rows) - damaged} match" in done.out
    found = run("inspect", tmp_path / "d", "--verify", "--json")
    assert found.code == 3 and found.json["samples"] == len(rows)
    assert found.json["damaged"]["samples"] == damaged
    assert found.json["damaged"]["shards"] == sorted({first[0]["shard"], lost[0]["shard"]})
    assert len(found.json["damaged"]["first"]) == 3
    assert found.json["orphans"] == [] and found.json["duplicates"] == []


def test_inspect_lists_the_clips(clips, tmp_path):
    """The names, durations and samples are those of the table, which pyarrow reads."""
    inputs = [clips / name for name in ("h264_b.mp4", "vp9.webm")]
    ingest(inputs, tmp_path / "d", *SMALL)
    assert run("forget", tmp_path / "d", "--clip", "vp9.webm", "--time", "0-2").code == 0
    generation = run("inspect", tmp_path / "d", "--json").json["generation"]
    done = run("inspect", tmp_path / "d", "--clips", "--json")
    assert done.code == 0 and done.json["generation"] == generation, done.err
    rows = table(tmp_path / "d", "clips", generation)
    listed = {clip["clip"]: clip for clip in done.json["clips"]}
    assert listed.keys() == {str(path) for path in inputs}
    for row in rows:
        for key in ("split", "duration_s", "samples", "copies"):
            assert listed[row["clip"]][key] == row[key]
    assert listed[str(inputs[0])]["forgotten_s"] == 0
    assert listed[str(inputs[1])]["forgotten_s"] == pytest.approx(2)
    lines = run("inspect", tmp_path / "d", "--clips").out.splitlines()
    assert [line.split("  ")[-1] for line in lines if "removed" not in line] == [str(inputs[0])]
    assert f"{inputs[1]}  (2 s removed by lido forget)" in "\n".join(lines)
    refused = run("inspect", tmp_path / "d", "--clips", "--verify")
    assert refused.code == 2 and "--clips" in refused.err


def test_a_wrong_name_of_a_clip_gets_the_nearest(dataset, tmp_path):
    for command in (["forget", "--dry-run"], ["export", "--out", tmp_path / "out"]):
        done = run(command[0], dataset, "--clip", "h264_d.mp4", "--time", "all", *command[1:])
        assert done.code == 2 and done.err.count("\n") == 1
        assert 'no clip named "h264_d.mp4"' in done.err and "Did you mean h264_b.mp4?" in done.err
        assert f"lido inspect {dataset} --clips lists the clips." in done.err


def test_a_clip_without_a_group_is_a_group_of_its_own(clips, tmp_path):
    """Groups seed augmentation: an empty one would give all clips the same draws."""
    names = ("h264_b.mp4", "hevc_b.mp4", "vp9.webm")
    assert ingest([clips / name for name in names], tmp_path / "ds", *SMALL)["clips"] == 3
    rows = table(tmp_path / "ds", "manifest")
    assert {row["group"] for row in rows} == {str(clips / name) for name in names}
    assert all(row["group"] == row["clip"] for row in rows + table(tmp_path / "ds", "clips"))
