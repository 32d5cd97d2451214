# SPDX-License-Identifier: Apache-2.0
"""Names from files never become markup of a page that Lido writes."""

import html.parser
import json
import pathlib
import shutil
import subprocess

import pytest
import yaml
from conftest import SMALL, ingest, program, run

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Page(html.parser.HTMLParser):
    """Tags with their attributes, and texts, as a browser reads them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.scripts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        inside_script = self.cdata_elem == "script"
        (self.scripts if inside_script else self.texts).append(data)

    def values(self):
        return [value or "" for _, attributes in self.tags for value in attributes.values()]


def check_harmless(page, scripts):
    assert sum(tag == "script" for tag, _ in page.tags) == scripts
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert tag not in ("iframe", "object", "embed", "base"), (tag, attributes)
        source = attributes.get("src") or ""
        assert tag != "img" or source.startswith("data:image/"), (tag, attributes)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Clip, group, site, camera, task and label all try to be markup."""
    from conftest import CLIPS

    folder = tmp_path_factory.mktemp("hostile")
    clip = folder / "<img src=x onerror=alert(3)>\"'&.mp4"
    shutil.copy(CLIPS / "h264_b.mp4", clip)
    broken = folder / "<svg onload=alert(4)>.mp4"
    broken.write_bytes(bytes(5000))

    def quoted(text):
        return '"' + str(text).replace('"', '""') + '"'

    rows = [",".join(map(quoted, [name, *[HOSTILE] * 3, ""])) for name in (clip, broken)]
    (folder / "clips.csv").write_text("clip,group,site,camera,start_utc\n" + "\n".join(rows) + "\n")
    (folder / "labels.csv").write_text(
        "clip,start_s,end_s,task,label\n"
        f"{quoted(clip.name)},0,6,{quoted('<b onclick=alert(5)>')},{quoted(HOSTILE)}\n"
    )
    options = ["--labels", folder / "labels.csv"]
    ingest(folder / "clips.csv", folder / "d", *SMALL, *options, code=3)
    return folder / "d"


def test_the_pages_of_a_dataset_show_names_as_text(dataset):
    done = run("inspect", dataset, "--augmented")
    assert done.code == 0, done.err
    for name in ("report.html", "contact_sheet.html"):
        page = Page((dataset / name).read_text())
        check_harmless(page, scripts=0 if name == "report.html" else 1)
        shown = " ".join([*page.texts, *page.values()])
        assert HOSTILE in shown and "<b onclick=alert(5)>" in shown, name
        assert "<img src=x onerror=alert(3)>\"'&.mp4" in shown, name
        assert name != "report.html" or "<svg onload=alert(4)>.mp4" in shown


BEHAVIOURS = {
    "behaviours": {
        "treading": {"next": {HOSTILE: 1}},
        HOSTILE: {
            "place": "water",
            "danger": "none",
            "duration": {"median": 20, "least": 10, "most": 30},
            "path": "stay",
            "tilt": 0,
            "head": {"mean": 0, "moves": 0, "period_s": 1},
            "next": {"treading": 1},
            "source": "an assumption",
        },
    }
}
SCENE = {
    "seed": 3,
    "duration_s": 20,
    "pool": {
        "outline": [[0, 0], [9, 0], [9, 5], [0, 5]],
        "shallow_m": 1.0,
        "deep_m": 1.8,
        "ways_in": [[0, 2]],
        "gate": [-1.5, 2],
    },
    "people": [{"age_years": 30, "at": [4, 2], "does": [{"behaviour": HOSTILE, "for_s": 30}]}],
}


def test_the_page_of_a_simulation_shows_names_as_text(tmp_path):
    behaviours, scene, out = (tmp_path / name for name in ("b.yaml", "s.yaml", "d"))
    behaviours.write_text(yaml.safe_dump(BEHAVIOURS))
    scene.write_text(yaml.safe_dump(SCENE))
    done = run("synth", "scene", scene, "--out", out, "--behaviours", behaviours, "--quiet")
    assert done.code == 0, done.err
    done = run("synth", "show", out)
    assert done.code == 0, done.err
    page = Page((out / "top_view.html").read_text())
    check_harmless(page, scripts=1)
    (tmp_path / "page.js").write_text("".join(page.scripts))
    done = subprocess.run(
        [program("node"), pathlib.Path(__file__).parent / "run_page.mjs", tmp_path / "page.js"],
        capture_output=True,
        text=True,
        check=True,
    )
    written = json.loads(done.stdout)
    texts = []
    for name, text in written:
        if name == "innerHTML":
            part = Page(text)
            check_harmless(part, scripts=0)
            texts += part.texts
    # The table of people names what each person does.
    assert "".join(texts).count(HOSTILE) == 1 and "mouth above water" in "".join(texts)
