# SPDX-License-Identifier: Apache-2.0
"""Ray Data's own reader understands the shards."""

import json
import os

import cv2
import numpy as np
from conftest import SMALL, ingest, table


def test_shards_are_read_by_ray_data(clips, tmp_path):
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    ingest([clips / "h264_b.mp4", clips / "vp9.webm"], tmp_path / "d", *SMALL)
    rows = {row["sample"]: row for row in table(tmp_path / "d", "manifest")}
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        shards = sorted(str(path) for path in (tmp_path / "d/shards").glob("*.tar"))
        samples = ray.data.read_webdataset(shards, decoder=None).take_all()
    finally:
        ray.shutdown()
    assert {sample["__key__"] for sample in samples} == set(rows)
    for sample in samples:
        assert json.loads(sample["json"])["pts"] == rows[sample["__key__"]]["pts"]
        assert cv2.imdecode(np.frombuffer(sample["003.jpg"], np.uint8), cv2.IMREAD_COLOR).shape == (64, 64, 3)
