# SPDX-License-Identifier: Apache-2.0
"""Labels that are lost are named, and frame numbers count frames. Truth is ffprobe's PTS, CVAT's
documented format, and arithmetic."""

import json
import shutil
import subprocess
import unicodedata

import pyarrow
import pyarrow.parquet
import pytest
from conftest import content, copy_with_other_bytes, ingest, run, table

FRAMES = ["--fps", "5", "--size", "64", "--window", "1", "--stride", "1", "--samples", "frame"]
HEADER = "clip,start_s,end_s,task,label\n"
META = "<annotations><meta><task><source>pool.mp4</source></task></meta>"


@pytest.fixture
def pool(clips, tmp_path):
    shutil.copy(clips / "h264_b.mp4", tmp_path / "pool.mp4")  # 6 s at 30 frames a second
    return tmp_path / "pool.mp4"


@pytest.fixture
def dataset(pool, tmp_path):
    ingest(pool, tmp_path / "d", *FRAMES)
    return tmp_path / "d"


def written(path, text):
    path.write_text(text)
    return path


def labelled(dataset, generation):
    return [row["first_k"] for row in table(dataset, "manifest", generation) if row["labels"]]


def generations(dataset):
    return sorted(path.name for path in (dataset / "generations").iterdir())


def shape(name, frame, outside):
    """A shape of CVAT's documentation with the bounds (10, 20) to (60, 80)."""
    elements = (
        '<points label="1" outside="0" occluded="0" points="10,20"/>'
        '<points label="2" outside="0" occluded="0" points="60,80"/>'
        '<points label="3" outside="1" occluded="0" points="900,900"/>'
    )
    attributes = {
        "box": 'xtl="10" ytl="20" xbr="60" ybr="80"',
        "polygon": 'points="10,50;35,20;60,60;30,80"',
        "polyline": 'points="10,20;60,80"',
        "points": 'points="60,20;10,80"',
        "ellipse": 'cx="35" cy="50" rx="25" ry="30"',
        "mask": 'rle="3000" left="10" top="20" width="50" height="60"',
        "cuboid": 'xtl1="10" ytl1="30" xbl1="10" ybl1="80" xtr1="50" ytr1="30" xbr1="50" ybr1="80" '
        'xtl2="20" ytl2="20" xbl2="20" ybl2="70" xtr2="60" ytr2="20" xbr2="60" ybr2="70"',
        "skeleton": "",
    }[name]
    inside = elements if name == "skeleton" else ""
    if name == "skeleton" and outside:
        inside = elements.replace('outside="0"', 'outside="1"')
    return (
        f'<{name} frame="{frame}" keyframe="1" outside="{outside}" {attributes}>{inside}</{name}>'
    )


def cvat(clip, first, end, name="box", meta="task"):
    return (
        '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>'
        f"<meta><{meta}><source>{clip}</source></{meta}></meta>"
        f'<track id="0" label="drowning" source="manual">{shape(name, first, 0)}'
        f"{shape(name, end, 1)}</track></annotations>"
    )


def frame_pts(clip):
    """PTS of each frame, in the order shown, by FFmpeg's own program."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries"]
        + ["frame=best_effort_timestamp", "-of", "json", clip],
        capture_output=True,
        check=True,
    )
    return [frame["best_effort_timestamp"] for frame in json.loads(done.stdout)["frames"]]


def test_labels_in_another_unit_are_named_by_an_ingest(pool, tmp_path):
    labels = written(tmp_path / "l.csv", HEADER + "pool.mp4,1000,2000,behaviour,swimming\n")
    summary = ingest(pool, tmp_path / "d", *FRAMES, "--labels", labels, code=3)
    assert (summary["labels_read"], summary["labels_on_no_sample"]) == (1, 1)
    (lost,) = summary["labels_lost"]
    assert (lost["clip"], lost["start_s"], lost["end_s"]) == (str(pool), 1000, 2000)
    assert lost["place"] == "line 2" and "the clip ends at 6.00 s" in lost["reason"]
    assert any("pool.mp4 1000 to 2000 s" in line for line in summary["warnings"])
    assert any(
        line.endswith("no sample has behaviour: swimming, 1000 s of labels")
        for line in summary["warnings"]
    )
    done = run("ingest", pool, "--out", tmp_path / "e", *FRAMES, "--labels", labels)
    assert done.code == 3 and "1 of 1 label on no sample, 1000 s in all" in done.err
    assert "in no sample: pool.mp4 1000.00-2000.00 s" in done.out


def test_labels_beyond_the_end_are_named(dataset, tmp_path):
    labels = written(
        tmp_path / "l.csv", HEADER + "pool.mp4,2,60,age,child\npool.mp4,0,6.5,age,child\n"
    )
    done = run("label", dataset, "--labels", labels, "--json")
    assert done.code == 0 and done.json["labels_beyond_end"] == 1, done.err
    assert "1 of 2 labels past the end of the clip: pool.mp4 2 to 60 s" in done.err
    assert labelled(dataset, 2) == list(range(30))


def test_labels_are_never_replaced_by_nothing(dataset, tmp_path):
    good = written(tmp_path / "good.csv", HEADER + "pool.mp4,1,2,behaviour,swimming\n")
    assert run("label", dataset, "--labels", good).code == 0
    before = content(dataset)
    bad = written(tmp_path / "ms.csv", HEADER + "pool.mp4,1000,2000,behaviour,swimming\n")
    done = run("label", dataset, "--labels", bad)
    assert done.code == 2 and "5 samples would lose theirs" in done.err and "--clear" in done.err
    assert "pool.mp4 1000 to 2000 s" in done.err and done.err.count("\n") == 1
    assert content(dataset) == before and labelled(dataset, 2) == [5, 6, 7, 8, 9]
    # An ingest of a new clip must not do so either.
    other = tmp_path / "other.mp4"
    copy_with_other_bytes(tmp_path / "pool.mp4", other)
    done = run("ingest", other, "--out", dataset, *FRAMES, "--labels", bad)
    assert done.code == 2 and "would lose theirs" in done.err
    assert content(dataset) == before
    done = run("label", dataset, "--labels", bad, "--clear", "--json")
    assert done.code == 3 and done.json["samples_changed"] == 5 and labelled(dataset, 3) == []


def test_nothing_changed_is_said_only_when_it_is_true(dataset, tmp_path):
    good = written(tmp_path / "good.csv", HEADER + "pool.mp4,1,2,behaviour,swimming\n")
    assert "5 samples have new labels" in run("label", dataset, "--labels", good).out
    done = run("label", dataset, "--labels", good)
    assert done.code == 0 and "the samples have these labels already" in done.out
    done = run("label", dataset, "--labels", good, "--classes", "age=child")
    assert (
        "The labels of no sample changed. The vocabulary has new labels in generation 3."
        in done.out
    )
    assert generations(dataset) == ["000001", "000002", "000003"]
    assert all(
        (dataset / "generations" / g / "generation.json").exists() for g in generations(dataset)
    )


def test_a_labels_file_may_name_only_clips_of_tomorrow(pool, tmp_path):
    labels = written(tmp_path / "l.csv", HEADER + "a.mp4,1,2,age,child\nb.mp4,1,2,age,child\n")
    summary = ingest(pool, tmp_path / "d", *FRAMES, "--labels", labels, code=3)
    assert summary["labels_unmatched"] == 2
    assert "2 of 2 labels skipped" in summary["warnings"][0] and '"a.mp4"' in summary["warnings"][0]
    assert "no label is of a clip of the dataset. lido inspect" in summary["warnings"][1]
    # Without a new clip the labels are not used: a warning names the command that uses them.
    summary = ingest(pool, tmp_path / "d", *FRAMES, "--labels", labels)
    assert summary["generation"] == 0 and "Give it to lido label." in summary["warnings"][-1]


def test_a_misspelt_clip_gets_a_suggestion_at_ingest(pool, tmp_path):
    labels = written(tmp_path / "l.csv", HEADER + "pol.mp4,1,2,age,child\n")
    summary = ingest(pool, tmp_path / "d", *FRAMES, "--labels", labels, code=3)
    assert any("Did you mean pool.mp4?" in warning for warning in summary["warnings"])
    # One label that matches is enough for a file of a whole pool.
    written(labels, labels.read_text() + "pool.mp4,1,2,age,child\n")
    summary = ingest(pool, tmp_path / "e", *FRAMES, "--labels", labels)
    assert summary["labels_unmatched"] == 1


def test_labels_that_match_no_clip_change_nothing(dataset, tmp_path):
    """Without a match the name or the dataset is wrong: new classes make no generation either."""
    before = content(dataset)
    gone = written(tmp_path / "gone.csv", HEADER + "pol.mp4,1,2,behaviour,swimming\n" * 2)
    for options in ([], ["--classes", "behaviour=swimming,floating"]):
        done = run("label", dataset, "--labels", gone, *options)
        assert done.code == 2 and done.err.count("\n") == 1, done.err
        assert "gone.csv: no label is of a clip of " in done.err
        assert 'the first of "pol.mp4". Did you mean pool.mp4? lido inspect ' in done.err
    assert content(dataset) == before
    some = written(tmp_path / "some.csv", gone.read_text() + "pool.mp4,1,2,behaviour,swimming\n")
    done = run("label", dataset, "--labels", some)
    assert done.code == 3 and "1 of 2 labels skipped" in done.err, done.err
    assert labelled(dataset, 2) == [5, 6, 7, 8, 9]


def test_a_plan_counts_the_labels_that_match(pool, tmp_path):
    text = HEADER + "pool.mp4,1,2,age,child\na.mp4,1,2,age,child\nb.mp4,1,2,age,child\n"
    flags = ["--out", tmp_path / "d", *FRAMES, "--labels", written(tmp_path / "l.csv", text)]
    assert "1 of 3 name these clips" in run("ingest", pool, *flags, "--dry-run").out
    plan = run("ingest", pool, *flags, "--dry-run", "--json").json
    assert (plan["labels"], plan["labels_unmatched"]) == (3, 2)


def test_files_without_labels_and_repeated_rows_are_named(dataset, pool, tmp_path):
    empty = written(tmp_path / "empty.csv", HEADER)
    done = run("label", dataset, "--labels", empty)
    assert done.code == 0 and "no labels, only a header" in done.err
    summary = ingest(pool, tmp_path / "e", *FRAMES, "--labels", empty)
    assert any("no labels, only a header" in line for line in summary["warnings"])
    row = "pool.mp4,1,2,age,child\n"
    twice = written(tmp_path / "twice.csv", HEADER + row + row)
    done = run("label", dataset, "--labels", twice)
    assert "1 row repeats an earlier one and counts once, the first: line 3" in done.err
    assert {len(r["labels"]) for r in table(dataset, "manifest", 2)} == {0, 1}


@pytest.mark.parametrize(
    "data, message",
    [
        (b"\xff\xfe" + (HEADER + "pool.mp4,1,2,age,child\n").encode("utf-16-le"), "UTF-16 text"),
        (b"\xfe\xff" + (HEADER + "pool.mp4,1,2,age,child\n").encode("utf-16-be"), "UTF-16 text"),
        (
            (HEADER + "p\xe9.mp4,1,2,age,child\n").encode("latin-1"),
            "line 2: byte 0xe9 is not UTF-8",
        ),
        (HEADER.replace(",", ";").encode(), 'line 1: columns are separated by ";"'),
        (HEADER.replace(",", "\t").encode(), "line 1: columns are separated by tabs"),
        (b"sep=;\n" + HEADER.replace(",", ";").encode(), 'line 1: "sep=;" is for spreadsheets'),
        ((HEADER + 'pool.mp4,"1,5",2,age,child\n').encode(), "line 2: start_s"),
        ((HEADER.strip() + ",label\n").encode(), 'column "label" is there twice'),
        ((HEADER + "pool.mp4,1,2,age\n").encode(), "line 2: wrong number of cells"),
        ((HEADER + "\n\npool.mp4,2,1,age,child\n").encode(), "line 4: from 2 s to 1 s"),
    ],
)
def test_faults_of_spreadsheets_are_named(dataset, tmp_path, data, message):
    (tmp_path / "l.csv").write_bytes(data)
    done = run("label", dataset, "--labels", tmp_path / "l.csv")
    assert done.code == 2 and f"l.csv: {message}" in done.err, done.err
    assert done.err.count("\n") == 1 and done.err[:-1].isprintable()
    assert generations(dataset) == ["000001"]


@pytest.mark.parametrize(
    "name", ["box", "polygon", "polyline", "points", "ellipse", "mask", "cuboid", "skeleton"]
)
def test_every_shape_of_cvat_counts_by_its_bounds(dataset, tmp_path, name):
    labels = written(tmp_path / "l.xml", cvat("pool.mp4", 30, 60, name))
    done = run("label", dataset, "--labels", labels)
    assert done.code == 0, done.err
    assert labelled(dataset, 2) == [5, 6, 7, 8, 9]  # frames 30 to 59 are 1.0 to 2.0 s
    row = next(r for r in table(dataset, "manifest", 2) if r["first_k"] == 7)
    x, y, width, height = row["labels"][0]["boxes"]
    assert x == pytest.approx(10 * row["scale_x"] + row["offset_x"])
    assert y == pytest.approx(20 * row["scale_y"] + row["offset_y"])
    assert (width, height) == pytest.approx((50 * row["scale_x"], 60 * row["scale_y"]))


@pytest.mark.parametrize(
    "shapes, wanted",
    [
        ([*((frame, 0) for frame in range(30, 90, 5)), (90, 1)], range(5, 15)),  # a frame step of 5
        ([(30, 0), (60, 0)], range(5, 11)),  # a track without an end holds for its last frame
        ([(0, 1), (30, 0), (60, 1), (90, 0), (108, 1)], [*range(5, 10), *range(15, 18)]),
    ],
)
def test_steps_ends_and_gaps_of_cvat_tracks(dataset, tmp_path, shapes, wanted):
    text = "".join(shape("box", frame, outside) for frame, outside in shapes)
    text = f'{META}<track id="0" label="swimming">{text}</track></annotations>'
    done = run("label", dataset, "--labels", written(tmp_path / "l.xml", text))
    assert done.code == 0, done.err
    assert labelled(dataset, 2) == list(wanted)  # 30 frames a second, sampled at 5


@pytest.mark.parametrize(
    "text, message",
    [
        (cvat("pool.mp4", 1, 2).replace("box", "heptagon"), "<heptagon> is not a shape"),
        (f"{META}<image id='0' name='0.jpg'/></annotations>", "CVAT for images"),
        (
            "<annotations><meta><project><name>p</name></project></meta></annotations>",
            "Export each task by itself",
        ),
        (f"{META}<segment/></annotations>", "<segment> is not read"),
    ],
)
def test_what_is_no_track_of_cvat_is_named(dataset, tmp_path, text, message):
    done = run("label", dataset, "--labels", written(tmp_path / "l.xml", text))
    assert done.code == 2 and message in done.err, done.err
    assert generations(dataset) == ["000001"]


@pytest.mark.parametrize(
    "name, first, end",
    [
        ("pause.mkv", 60, 85),
        ("variable_rate.mp4", 7, 20),
        ("h264_b.ts", 31, 77),
        ("edit_list_cut.mp4", 10, 40),
        ("h264_open_gop.ts", 31, 77),
        ("paff.ts", 20, 41),
        ("vp9_alt_ref.mkv", 31, 77),
        ("mpeg4.avi", 31, 77),
        ("h264_ntsc.mp4", 100, 131),
    ],
)
def test_frame_numbers_of_cvat_count_the_clips_frames(clips, tmp_path, name, first, end):
    pts = frame_pts(clips / name)
    wanted = set(pts[first:end])
    assert len(wanted) == end - first
    labels = written(tmp_path / "l.xml", cvat(name, first, end))
    ingest(clips / name, tmp_path / "d", "--fps", "30", *FRAMES[2:], "--labels", labels)
    rows = table(tmp_path / "d", "manifest")
    assert rows and {row["pts"][0] for row in rows} <= set(pts)
    got = {row["pts"][0] for row in rows if row["labels"]}
    assert got == {row["pts"][0] for row in rows} & wanted
    assert len(got) > (end - first) / 2
    # The command label reads the clip again.
    later = written(tmp_path / "later.xml", cvat(name, first + 2, end))
    assert run("label", tmp_path / "d", "--labels", later).code == 0
    rows = table(tmp_path / "d", "manifest", 2)
    assert {row["pts"][0] for row in rows if row["labels"]} == got & set(pts[first + 2 : end])


def test_frame_numbers_of_a_clip_that_is_gone_are_refused(dataset, pool, tmp_path):
    pool.rename(tmp_path / "moved.mp4")
    labels = written(tmp_path / "l.xml", cvat("pool.mp4", 30, 60))
    done = run("label", dataset, "--labels", labels)
    assert done.code == 2 and "the labels count frames" in done.err and "pool.mp4" in done.err
    assert generations(dataset) == ["000001"]


@pytest.mark.parametrize("stored, asked", [("NFD", "NFC"), ("NFC", "NFD")])
def test_spellings_of_one_name_match(clips, tmp_path, stored, asked):
    name = "piscine_été_がっこう.mp4"
    shutil.copy(clips / "h264_b.mp4", tmp_path / unicodedata.normalize(stored, name))
    text = HEADER + f"{unicodedata.normalize(asked, name)},1,2,age,child\n"
    labels = written(tmp_path / "l.csv", text)
    (clip,) = tmp_path.glob("*.mp4")
    summary = ingest(clip, tmp_path / "d", *FRAMES, "--labels", labels)
    assert summary["labels_unmatched"] == 0 and labelled(tmp_path / "d", 1) == [5, 6, 7, 8, 9]


def test_columns_of_parquet_labels_may_be_categories_and_bytes(dataset, tmp_path):
    """As pandas writes categories, Polars text, and old writers text without a mark."""
    rows = [
        ("pool.mp4", 1, 2.5, "behaviour", "swimming"),
        ("pool.mp4", 3, 4, "behaviour", "diving"),
    ]
    names = HEADER.strip().split(",")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    categories = {
        "clip": pyarrow.array(columns["clip"]).dictionary_encode(),
        "start_s": pyarrow.array(columns["start_s"], pyarrow.int8()),
        "end_s": pyarrow.array(columns["end_s"], pyarrow.float32()),
        "task": pyarrow.array(columns["task"], pyarrow.large_string()).dictionary_encode(),
        "label": pyarrow.array([text.encode() for text in columns["label"]], pyarrow.binary()),
    }
    for table_of in (categories, columns):
        pyarrow.parquet.write_table(pyarrow.table(table_of), tmp_path / "labels.parquet")
        schema = pyarrow.parquet.read_schema(tmp_path / "labels.parquet")
        assert ("dictionary" in str(schema)) == (table_of is categories)
        done = run("label", dataset, "--labels", tmp_path / "labels.parquet", "--json")
        assert done.code == 0, done.err
        assert generations(dataset)[-1] == "000002", "the same labels again change nothing"
    found = json.loads((dataset / "generations/000002/generation.json").read_text())["labels"]
    assert found == {"behaviour": ["diving", "swimming"]}
    # Five frames a second; the interval's end is not part of it.
    assert labelled(dataset, 2) == [*range(5, 13), *range(15, 20)]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("label", pyarrow.array([["swimming"]])),
        ("start_s", pyarrow.array([1_000_000], pyarrow.duration("us"))),
        ("end_s", pyarrow.array([2], pyarrow.time32("s"))),
    ],
)
def test_columns_of_other_types_are_refused_by_name(dataset, tmp_path, name, values):
    columns = {"clip": ["pool.mp4"], "start_s": [1], "end_s": [2], "task": ["t"], "label": ["l"]}
    path = tmp_path / "labels.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns | {name: values}), path)
    stored = pyarrow.parquet.read_table(path).schema.field(name).type
    before = content(dataset)
    done = run("label", dataset, "--labels", path)
    assert done.code == 2 and done.err.count("\n") == 1, done.err
    assert f'{path}: column "{name}" has the type {stored}, want text' in done.err, done.err
    assert content(dataset) == before
