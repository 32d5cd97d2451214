# SPDX-License-Identifier: Apache-2.0
"""`./dev bench train --only gesture`: signals from real landmarks of hands, against a forest.

The rows of each class, in the order in which they were recorded, are divided into contiguous
blocks; each block in turn is left out and then tested on. Neighbouring frames are alike, so that
rows drawn at random would only show how well a model remembers. The forest is scikit-learn's, with
300 trees, on the columns of the file.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time

import numpy
from ingest import LIDO, REAL, WORK, cpu_model, revision
from sklearn.ensemble import RandomForestClassifier

FOLDS = 5
TABLES = {
    "one frame": ("keypoint.csv", "keypoint_classifier_label.csv"),
    "in motion": ("point_history.csv", "point_history_classifier_label.csv"),
}


def folds_of(lines):
    """Lines to learn from and to test on, for each block."""
    by_class = {}
    for line in lines:
        by_class.setdefault(line.partition(",")[0], []).append(line)
    for fold in range(FOLDS):
        train, test = [], []
        for rows in by_class.values():
            first, last = len(rows) * fold // FOLDS, len(rows) * (fold + 1) // FOLDS
            train += rows[:first] + rows[last:]
            test += rows[first:last]
        yield train, test


def numbers(lines):
    table = numpy.loadtxt(lines, delimiter=",")
    return table[:, 1:], table[:, 0]


def forest(train, test, fold):
    begin = time.monotonic()
    model = RandomForestClassifier(300, random_state=fold, n_jobs=1).fit(*numbers(train))
    points, labels = numbers(test)
    return (model.predict(points) == labels).mean(), time.monotonic() - begin


def lido(train, test, names, fold):
    folder = WORK / "gesture"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, lines in (("train", train), ("test", test)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    begin = time.monotonic()
    flags = ["--classes", names, "--threads", "1", "--seed", str(fold), "--footage", "real"]
    command = [LIDO, "train", "gesture", "--points", folder / "train.csv", *flags]
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([*command, "--out", folder / "run", "--quiet"], **quiet)
    seconds = time.monotonic() - begin
    command = [LIDO, "eval", folder / "run/model", "--points", folder / "test.csv", "--json"]
    done = subprocess.run([*command, "--quiet"], check=True, capture_output=True)
    figures = json.loads(done.stdout)["tasks"]["signal"]
    return figures["accuracy"], seconds, figures


def gesture(_):
    folder = REAL.parent / "gestures"
    if not folder.exists():
        print(f"{folder} has no landmarks: set LIDO_DATA", file=sys.stderr)
        return
    print(
        f"revision {revision()}, {cpu_model()}, {os.cpu_count()} cores; real landmarks, {FOLDS} "
        "contiguous blocks of each class, accuracy on the block left out\n"
    )
    print(f"{'row':<12}{'who':<8}{'each block':<36}{'mean':>7}{'worst':>7}{'seconds':>9}")
    for name, (points, classes) in TABLES.items():
        lines = (folder / points).read_text().split()
        results = {"lido": [], "forest": []}
        calibration = []
        for fold, (train, test) in enumerate(folds_of(lines)):
            *result, figures = lido(train, test, folder / classes, fold)
            results["lido"].append(result)
            calibration.append(figures["calibration_error"])
            results["forest"].append(forest(train, test, fold))
        for who, each in results.items():
            right = [accuracy for accuracy, _ in each]
            blocks = " ".join(f"{accuracy:.3f}" for accuracy in right)
            seconds = statistics.median(seconds for _, seconds in each)
            print(
                f"{name:<12}{who:<8}{blocks:<36}{statistics.mean(right):>7.3f}{min(right):>7.3f}"
                f"{seconds:>9.1f}",
                flush=True,
            )
        print(f"{'':<12}calibration error of lido: {statistics.mean(calibration):.3f}", flush=True)
