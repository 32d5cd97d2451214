# SPDX-License-Identifier: Apache-2.0
"""Films a written scene, for the parts of `./dev bench synth`."""

import json
import resource
import subprocess

from ingest import LIDO


def cpu_s():
    """CPU-seconds of all finished child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def film(folder, scene, program=LIDO):
    """Films a scene with one thread of a build of lido. Returns the folder and CPU-seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scene.yaml").write_text(json.dumps(scene))  # JSON is YAML
    before = cpu_s()
    out = ["--out", folder / "film", "--workers", "1", "--quiet"]
    subprocess.run([program, "synth", "scene", folder / "scene.yaml", *out], check=True)
    return folder / "film", cpu_s() - before
