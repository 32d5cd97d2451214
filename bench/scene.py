# SPDX-License-Identifier: Apache-2.0
"""./dev bench scene: quality and cost of detection, camera motion, view quality and tracks.

motion   real frames warped by known homographies; cameras at rest
quality  faults put into real clips
tracks   simulated crowds and labelled real clips, against four trackers of PyPI's `trackers`
scores   precision and recall of each detector's boxes by score
people   the demo's four cameras, against a list checked by hand (bench/demo_people.csv)
poses    keypoints, against points read off by hand and simulated truth
hands    landmarks of hands, against points read off by hand, and by size
cost     CPU time of each part, against the network's bare cost in OpenVINO
night    --fps auto on an hour with people in two minutes, against decoding all of it

Prints one table for each. Simulated ones prove the method, and no effect on drowning.
"""

import argparse
import os

import scene_quality
from ingest import WORK, revision
from scene_cost import cost
from scene_hands import hands
from scene_motion import motion
from scene_night import night
from scene_people import people
from scene_poses import poses
from scene_scores import scores
from scene_tracks import tracks

PARTS = {
    "motion": motion,
    "quality": scene_quality.quality,
    "tracks": tracks,
    "scores": scores,
    "people": people,
    "poses": poses,
    "hands": hands,
    "cost": cost,
    "night": night,
}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--only", choices=PARTS, help="run one part")
    options.add_argument(
        "--fault",
        action="append",
        choices=["none", *scene_quality.KINDS],
        help="run these faults of quality alone",
    )
    given = options.parse_args()
    scene_quality.ONLY_FAULTS.extend(given.fault or [])
    if not os.environ.get("LIDO_BENCH_TRACKERS"):
        print(f"revision {revision()}, {os.cpu_count()} cores")
    WORK.mkdir(parents=True, exist_ok=True)
    for name, part in PARTS.items():
        if given.only in (None, name):
            part()


if __name__ == "__main__":
    main()
