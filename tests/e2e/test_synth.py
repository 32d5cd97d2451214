# SPDX-License-Identifier: Apache-2.0
"""lido synth: days of life at a pool, and what a person sees of them."""

import hashlib
import json
import pathlib
import re

import duckdb
import jsonschema
import pytest
import yaml
from conftest import LIDO, run

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((pathlib.Path(LIDO).parents[1] / "share/lido/scene.schema.json").read_text())
)

LIFE = ["--days", 3, "--seed", 11, "--dangers-per-day", 12, "--rate-hz", 1]


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    out = tmp_path_factory.mktemp("life") / "d"
    done = run("synth", "tracks", "--out", out, *LIFE, "--json")
    assert done.code == 0, done.err
    return out, done.json


def ask(life, query):
    return duckdb.sql(
        query.replace("TRACKS", f"'{life}/tracks/*.parquet'")
        .replace("VISITORS", f"'{life}/visitors.parquet'")
        .replace("EVENTS", f"'{life}/events.parquet'")
    ).fetchall()


def test_the_tables_agree(life):
    out, summary = life
    assert ask(out, "select count(*), count(distinct day) from TRACKS") == [(summary["rows"], 3)]
    assert ask(out, "select count(*) from VISITORS") == [(summary["people"],)]
    assert (
        ask(out, "select count(*) from EVENTS") == [(summary["events"],)] and summary["events"] > 3
    )
    assert ask(
        out,
        "select count(*) from (select distinct day, person from TRACKS) t anti join VISITORS v "
        "using (day, person)",
    ) == [(0,)]
    # Danger in the tracks is danger in the events, and the other way.
    assert ask(
        out,
        "select count(*) from TRACKS t where danger <> 'none' and not exists (select 1 from "
        "EVENTS e where e.day = t.day and e.person = t.person "
        "and t.time_s between e.start_s - 0.2 and e.end_s + 0.2)",
    ) == [(0,)]
    assert ask(
        out,
        "select count(*) from EVENTS e where end_s - start_s > 3 and not exists (select 1 from "
        "TRACKS t where e.day = t.day and e.person = t.person "
        "and t.danger <> 'none' and t.time_s between e.start_s - 0.2 and e.end_s + 0.2)",
    ) == [(0,)]
    assert ask(
        out,
        "select count(*) from EVENTS where outcome = 'rescued' and end_s - start_s not between "
        "15 and 600",
    ) == [(0,)]


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads(life, tmp_path):
    out, _ = life
    assert (
        run("synth", "tracks", "--out", tmp_path / "d", *LIFE, "--workers", 1, "--quiet").code == 0
    )
    files = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert len(files) == 7
    for path in files:
        assert (tmp_path / "d" / path).read_bytes() == (out / path).read_bytes(), path
    # The pool can be taken again, with other people.
    assert (
        run(
            "synth",
            "tracks",
            "--out",
            tmp_path / "other",
            "--pool",
            out / "site.yaml",
            "--days",
            1,
            "--seed",
            5,
            "--quiet",
        ).code
        == 0
    )
    assert (tmp_path / "other/site.yaml").read_text() == (out / "site.yaml").read_text()


def test_a_page_plays_it_from_above(life):
    out, _ = life
    shown = run("synth", "show", out)
    assert shown.code == 0, shown.err
    page = (out / "top_view.html").read_text()
    assert "Measured in simulation" in page and '"outline"' in page and '"dangers":[{' in page
    # The dangers are listed, with the flags that show each.
    events = ask(out, "select count(*), min(day) from EVENTS")[0]
    assert (
        f"{events[0]} danger" in shown.out
        and " in 3 days; --day" in shown.out
        and "(shown)" in shown.out
    )
    assert f"--day {events[1]} --from " in shown.out
    assert run("synth", "show", out, "--day", 1, "--from", "15:00", "--minutes", 2).code == 0
    for bad, said in (
        (["--day", "2", "--from", "25 o'clock"], "want a time of day"),
        (["--day", "77", "--from", "12:00"], "want a day of"),
        (["--day", "0", "--from", "03:00"], "from 03:00 to 03:04. Choose another --from"),
    ):
        refused = run("synth", "show", out, *bad)
        assert refused.code in (1, 2) and said in refused.err and refused.err.count("\n") == 1, (
            refused.err
        )
    nothing = run("synth", "show", out / "nothing")
    assert nothing.code == 2 and "no simulation" in nothing.err, nothing.err


SCENE = """seed: 7
duration_s: 150
pool:
  outline: [[0, 0], [12, 0], [12, 6], [0, 6]]
  shallow_m: 1.1
  deep_m: 2.1
  ways_in: [[0, 3], [4, 0]]
  gate: [-1.5, 3]
people:
  - age_years: 8
    at: [6, 3]
    does:
      - {behaviour: breaststroke, for_s: 20}
      - {behaviour: instinctive_drowning, for_s: 35}
  - {age_years: 38, at: [4, -1], does: [{behaviour: sitting_at_edge, for_s: 150}]}
"""


def test_a_written_scene_is_played(tmp_path):
    assert not list(SCHEMA.iter_errors(yaml.safe_load(SCENE)))
    scene = tmp_path / "scene.yaml"
    scene.write_text(SCENE)
    for out in ("a", "b"):
        assert run("synth", "scene", scene, "--out", tmp_path / out, "--quiet").code == 0
    done = ask(
        tmp_path / "a",
        "select behaviour, min(time_s), max(time_s) from TRACKS where person = 1 group by 1 "
        "order by 2",
    )
    assert [row[0] for row in done] == [
        "breaststroke",
        "instinctive_drowning",
        "sinking",
        "motionless_on_bottom",
    ]
    assert done[0][2] == pytest.approx(20, abs=0.3) and done[1][2] == pytest.approx(55, abs=0.4)
    assert ask(tmp_path / "a", "select kind, danger, outcome from EVENTS") == [
        ("instinctive_drowning", "drowning", "open")
    ]
    assert ask(
        tmp_path / "a", "select min(mouth_m) < -1.2, max(x_m) < 12 from TRACKS where person = 1"
    ) == [(True, True)]
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
    # The scene that is kept is played again to the same.
    assert (
        run("synth", "scene", tmp_path / "a/scene.yaml", "--out", tmp_path / "c", "--quiet").code
        == 0
    )
    assert (tmp_path / "c/tracks/day_00000.parquet").read_bytes() == (
        tmp_path / "a/tracks/day_00000.parquet"
    ).read_bytes()


@pytest.mark.parametrize(
    "old, new, said",
    [
        (
            "at: [6, 3]",
            "at: [-1, 1]",
            ":13: people.0.does.0.behaviour is breaststroke, want a behaviour on land",
        ),
        (
            "at: [6, 3]",
            "at: [0.1, 1]",
            ":11: people.0.at is a list, want a point clear of the wall",
        ),
        ("for_s: 20", "for_s: -3", ":13: people.0.does.0.for_s is -3"),
        ("shallow_m: 1.1", "shallow_m: 0", ":5: pool.shallow_m is 0"),
        (
            "breaststroke",
            "butterfly",
            ":13: people.0.does.0.behaviour is butterfly, want a behaviour that",
        ),
        ("duration_s: 150", "duration_s: -1", ":2: duration_s is -1"),
        ("age_years: 8", "age_yaers: 8", ":10: people.0.age_yaers is not known here"),
    ],
)
def test_bad_scenes_are_refused_by_line(tmp_path, old, new, said):
    # The schema, for editors, refuses these too, except faults that need a pool or the behaviours.
    problems = list(SCHEMA.iter_errors(yaml.safe_load(SCENE.replace(old, new))))
    assert bool(problems) != any(
        words in said for words in ("on land", "clear of the wall", "a behaviour that")
    )
    scene = tmp_path / "scene.yaml"
    scene.write_text(SCENE.replace(old, new))
    bad = run("synth", "scene", scene, "--out", tmp_path / "d")
    assert bad.code == 2 and f"{scene}{said}" in bad.err and bad.err.count("\n") == 1, bad.err
    assert not (tmp_path / "d").exists()


def test_behaviours_are_data(tmp_path):
    known = {one["name"]: one for one in run("synth", "list", "--json").json}
    assert {
        "instinctive_drowning",
        "backward_water_milling",
        "front_crawl",
        "toddler_enters_alone",
    } <= set(known)
    assert all(one["source"] for one in known.values())
    assert {"help_both_arms", "one_arm", "ok", "stop", "come_here", "pointing"} == {
        name for name, one in known.items() if one["kind"] == "signal"
    }
    assert {"behaviour", "signal", "body", "water", "light", "lens", "fault"} == {
        one["kind"] for one in known.values()
    }
    assert known["instinctive_drowning"]["duration_s"] == [20, 35, 60]
    mine = tmp_path / "mine.yaml"
    mine.write_text("""behaviours:
  somersault:
    place: water
    danger: none
    duration: {median: 5, least: 2, most: 10}
    path: stay
    head: {mean: -0.8, moves: 0.05, period_s: 2}
    tilt: 180
    next: {playing: 1}
    source: an assumption
  playing:
    next: {somersault: 50}
""")
    assert "somersault" in run("synth", "list", "--behaviours", mine).out
    assert (
        run(
            "synth",
            "tracks",
            "--out",
            tmp_path / "d",
            "--days",
            1,
            "--seed",
            2,
            "--behaviours",
            mine,
            "--quiet",
        ).code
        == 0
    )
    assert ask(
        tmp_path / "d", "select count(*) > 100 from TRACKS where behaviour = 'somersault'"
    ) == [(True,)]
    alone = tmp_path / "alone.yaml"
    alone.write_text(mine.read_text().partition("  playing:")[0])
    never = run("synth", "tracks", "--out", tmp_path / "e", "--days", 1, "--behaviours", alone)
    assert never.code == 0
    assert "lido: warning: behaviours.somersault: never done, since no other" in never.err
    mine.write_text(mine.read_text().replace("least: 2", "least: 20"))
    bad = run("synth", "list", "--behaviours", mine)
    assert (
        bad.code == 2 and bad.err.count("\n") == 1 and "somersault.duration.least is 20" in bad.err
    ), bad.err


@pytest.mark.parametrize(
    "pool, said",
    [
        ("pool: {}", "pool.outline"),
        ("pool: {outline: [[0, 0], [9, 0], [9, 5]], shallow_m: 0}", "pool.shallow_m is 0"),
        ("[", ":1:"),
    ],
)
def test_bad_pools_are_refused_by_line(tmp_path, pool, said):
    file = tmp_path / "site.yaml"
    file.write_text(pool)
    bad = run("synth", "tracks", "--out", tmp_path / "d", "--pool", file)
    assert (
        bad.code == 2 and said in bad.err and str(file) in bad.err and bad.err.count("\n") == 1
    ), bad.err
    assert not (tmp_path / "d").exists()


def test_the_exam_is_the_one_that_the_documentation_names():
    """Results of training can be compared only while behaviours and ranges stay as they are."""
    root = pathlib.Path(__file__).parents[2]
    text = (root / "docs/simulation.md").read_text()
    rows = re.findall(r"^\| `(src/\S+)` \| `([0-9a-f]{64})` \|$", text, re.M)
    assert len(rows) == 2
    for path, checksum in rows:
        assert hashlib.sha256((root / path).read_bytes()).hexdigest() == checksum, path
