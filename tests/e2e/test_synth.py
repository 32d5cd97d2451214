# SPDX-License-Identifier: Apache-2.0
"""lido synth: days of life at a pool, and what a person sees of them."""

import duckdb
import pytest
from conftest import run

LIFE = ["--days", 3, "--seed", 11, "--dangers-per-day", 4, "--rate-hz", 1]


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    out = tmp_path_factory.mktemp("life") / "d"
    done = run("synth", "tracks", "--out", out, *LIFE, "--json")
    assert done.code == 0, done.err
    return out, done.json


def ask(life, query):
    return duckdb.sql(query.replace("TRACKS", f"'{life}/tracks/*.parquet'").replace("VISITORS", f"'{life}/visitors.parquet'")
                      .replace("EVENTS", f"'{life}/events.parquet'")).fetchall()


def test_the_tables_agree(life):
    out, summary = life
    assert ask(out, "select count(*), count(distinct day) from TRACKS") == [(summary["rows"], 3)]
    assert ask(out, "select count(*) from VISITORS") == [(summary["people"],)]
    assert ask(out, "select count(*) from EVENTS") == [(summary["events"],)] and summary["events"] > 3
    assert ask(out, "select count(*) from (select distinct day, person from TRACKS) t anti join VISITORS v using (day, person)") == [(0,)]
    # Danger in the tracks is danger in the events, and the other way.
    assert ask(out, "select count(*) from TRACKS t where danger <> 'none' and not exists (select 1 from EVENTS e where e.day = t.day and e.person = t.person "
                    "and t.time_s between e.begin_s - 0.2 and e.end_s + 0.2)") == [(0,)]
    assert ask(out, "select count(*) from EVENTS e where end_s - begin_s > 3 and not exists (select 1 from TRACKS t where e.day = t.day and e.person = t.person "
                    "and t.danger <> 'none' and t.time_s between e.begin_s - 0.2 and e.end_s + 0.2)") == [(0,)]
    assert ask(out, "select count(*) from EVENTS where outcome = 'rescued' and end_s - begin_s not between 59 and 301") == [(0,)]


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads(life, tmp_path):
    out, _ = life
    assert run("synth", "tracks", "--out", tmp_path / "d", *LIFE, "--workers", 1, "--quiet").code == 0
    files = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert len(files) == 6
    for path in files:
        assert (tmp_path / "d" / path).read_bytes() == (out / path).read_bytes(), path
    # The pool can be taken again, with other people.
    assert run("synth", "tracks", "--out", tmp_path / "other", "--pool", out / "site.yaml", "--days", 1, "--seed", 5, "--quiet").code == 0
    assert (tmp_path / "other/site.yaml").read_text() == (out / "site.yaml").read_text()


def test_a_page_shows_it_from_above(life):
    out, _ = life
    shown = run("synth", "show", out)
    assert shown.code == 0, shown.err
    page = (out / "from_above.html").read_text()
    assert "Measured in simulation" in page and '"outline"' in page
    assert run("synth", "show", out, "--day", 1, "--from", "15:00", "--minutes", 2).code == 0
    for bad, said in ((["--day", "2", "--from", "25 o'clock"], "want a time of day"), (["--day", "77", "--from", "12:00"], "day_00077"),
                      (["--day", "0", "--from", "03:00"], "nobody is there")):
        refused = run("synth", "show", out, *bad)
        assert refused.code in (1, 2) and said in refused.err and refused.err.count("\n") == 1, refused.err
    assert run("synth", "show", out / "nothing").code in (1, 2)


def test_behaviours_are_data(tmp_path):
    known = {one["name"]: one for one in run("synth", "list", "--json").json}
    assert {"instinctive_drowning", "backward_water_milling", "front_crawl", "toddler_enters_alone"} <= set(known)
    assert all(one["source"] for one in known.values())
    assert known["instinctive_drowning"]["duration_s"] == [20, 35, 60]
    mine = tmp_path / "mine.yaml"
    mine.write_text("""behaviours:
  handstand:
    place: water
    danger: none
    duration: {median: 5, least: 2, most: 10}
    path: stay
    head: {mean: -0.8, moves: 0.05, period_s: 2}
    tilt: 180
    next: {playing: 1}
    source: an assumption
  playing:
    next: {handstand: 50}
""")
    assert "handstand" in run("synth", "list", "--behaviours", mine).out
    assert run("synth", "tracks", "--out", tmp_path / "d", "--days", 1, "--seed", 2, "--behaviours", mine, "--quiet").code == 0
    assert ask(tmp_path / "d", "select count(*) > 100 from TRACKS where behaviour = 'handstand'") == [(True,)]
    mine.write_text(mine.read_text().replace("least: 2", "least: 20"))
    bad = run("synth", "list", "--behaviours", mine)
    assert bad.code == 2 and bad.err.count("\n") == 1 and "handstand.duration.least is 20" in bad.err, bad.err


@pytest.mark.parametrize("pool, said", [("pool: {}", "pool.outline"), ("pool: {outline: [[0, 0], [9, 0], [9, 5]], shallow_m: 0}", "pool.shallow_m is 0"), ("[", ":1:")])
def test_bad_pools_are_refused_by_line(tmp_path, pool, said):
    file = tmp_path / "site.yaml"
    file.write_text(pool)
    bad = run("synth", "tracks", "--out", tmp_path / "d", "--pool", file)
    assert bad.code == 2 and said in bad.err and str(file) in bad.err and bad.err.count("\n") == 1, bad.err
    assert not (tmp_path / "d").exists()
