// SPDX-License-Identifier: Apache-2.0
#include "examples.h"

#include <algorithm>
#include <array>

namespace lido::cli {
namespace {

struct Examples {
  std::string_view path;
  std::string_view first;
  std::string_view second;
};

// One entry a command, all in one place, so that they agree with each other.
constexpr std::array kExamples = {
    Examples{"lido", "lido demo", "lido ingest clips/ --out train --labels labels.csv"},
    Examples{"lido demo", "lido demo", "lido demo --out /tmp/lido-demo"},
    Examples{"lido ingest", "lido ingest clips/ --out train --labels labels.csv",
             "lido ingest gs://pool-a/raw --out gs://pool-a/train --fps auto --dry-run"},
    Examples{"lido inspect", "lido inspect train", "lido inspect train --verify --json"},
    Examples{"lido label", "lido label train --labels corrected.csv",
             "lido label train --labels more.csv --classes \"behaviour=drowning,swimming\""},
    Examples{"lido forget", "lido forget train --clip pool3.mp4 --time 12:30-14:00",
             "lido forget gs://pool-a/train --clip pool3.mp4 --time all"},
    Examples{"lido export", "lido export train --clip pool3.mp4 --time 12:30-14:00 --out mine",
             "lido export gs://pool-a/train --list requests.csv --out mine"},
    Examples{"lido copy", "lido copy train gs://pool-a/train", "lido copy gs://pool-a/train train"},
    Examples{"lido move", "lido move train /data/train",
             "lido move train s3://pool-a/train --workers 16"},
    Examples{"lido scene", "lido scene pool3.mp4 --out pool3.scene --draw",
             "lido scene pool3.mp4 --out pool3.scene --fps 8 --json"},
    Examples{"lido train", "lido train people --data train --out runs/p1",
             "lido train gesture --points hand.csv --classes names.csv --out runs/g1"},
    Examples{"lido tune", "lido tune people --data train --space space.yaml --out runs/s1",
             "lido tune --resume runs/s1"},
    Examples{"lido eval", "lido eval runs/p1/model --data heldout",
             "lido eval runs/g1/model --points heldout.csv --predictions predictions.parquet"},
    Examples{"lido predict", "lido predict runs/p1/model pool3.mp4 --out annotated.mp4",
             "lido predict runs/p1/model pool3.mp4 --poses poses.parquet --predictions p.parquet"},
    Examples{"lido models", "lido models list", "lido models fetch nanodet"},
    Examples{"lido models list", "lido models list", "lido models list --json"},
    Examples{"lido models fetch", "lido models fetch nanodet",
             "lido models fetch nanodet --archive human-models-3.0.4.tgz"},
    Examples{"lido models add", "lido models add my-detector/",
             "lido models add my-detector/ --replace"},
    Examples{"lido cluster", "lido cluster init pool-a > values.yaml",
             "lido cluster price values.yaml"},
    Examples{"lido cluster check", "lido cluster check raycluster.yaml",
             "lido cluster render values.yaml | lido cluster check -"},
    Examples{"lido cluster init", "lido cluster init pool-a > values.yaml",
             "lido cluster init pool-a --spot > values.yaml"},
    Examples{"lido cluster render", "lido cluster render values.yaml > manifests.yaml",
             "lido cluster render values.yaml | lido cluster check -"},
    Examples{"lido cluster up", "lido cluster up values.yaml --dry-run",
             "lido cluster up values.yaml --wait-s 600"},
    Examples{"lido cluster status", "lido cluster status values.yaml",
             "lido cluster status values.yaml --json"},
    Examples{"lido cluster suspend", "lido cluster suspend values.yaml",
             "lido cluster suspend values.yaml --cluster data"},
    Examples{"lido cluster resume", "lido cluster resume values.yaml",
             "lido cluster resume values.yaml --cluster data"},
    Examples{"lido cluster down", "lido cluster down values.yaml",
             "lido cluster down values.yaml --yes"},
    Examples{"lido cluster price", "lido cluster price values.yaml",
             "lido cluster price values.yaml --plot price.svg"},
    Examples{"lido cluster simulate", "lido cluster simulate --example > workload.yaml",
             "lido cluster simulate values.yaml --workload workload.yaml --out page.html"},
    Examples{"lido synth", "lido synth pool --hours 0.005 --seed 7 --out sim",
             "lido synth tracks --days 7 --out life"},
    Examples{"lido synth tracks", "lido synth tracks --days 7 --out life",
             "lido synth tracks --days 1 --dangers-per-day 1 --seed 3 --out danger"},
    Examples{"lido synth scene", "lido synth scene rescue.yaml --out rescue",
             "lido synth scene rescue.yaml --out rescue --behaviours mine.yaml"},
    Examples{"lido synth pool", "lido synth pool --hours 0.005 --seed 7 --out sim",
             "lido synth pool --hours 0.01 --cameras 4 --size 1280x720 --out sim"},
    Examples{"lido synth list", "lido synth list", "lido synth list --json"},
    Examples{"lido synth show", "lido synth show life",
             "lido synth show life --day 2 --from 14:30 --minutes 5"},
    Examples{"lido site", "lido site init pool-a > site.yaml", "lido site check site.yaml"},
    Examples{"lido site init", "lido site init pool-a > site.yaml",
             "lido site init pool-b --length-m 50 --width-m 21 --cameras 8 > site.yaml"},
    Examples{"lido site points", "lido site points site.yaml > points.yaml",
             "lido site points calibration/site.yaml > points.yaml"},
    Examples{"lido site import", "lido site import site.yaml Calib_scene.toml > calibrated.yaml",
             "lido site import site.yaml colmap/sparse/0 --same-axes > calibrated.yaml"},
    Examples{"lido site export", "lido site export site.yaml --out cameras",
             "lido site export site.yaml --format colmap --out sparse"},
    Examples{"lido site check", "lido site check site.yaml", "lido site check site.yaml --json"},
    Examples{"lido calibrate",
             "lido calibrate --board charuco.toml --clips cam_0.mp4 cam_1.mp4 --out calibration",
             "lido calibrate site.yaml --points points.yaml --out calibration"},
    Examples{"lido sync", "lido sync site.yaml --poses train --write synced.yaml",
             "lido sync sim/site_estimated.yaml --poses sim --json"},
    Examples{"lido reconstruct", "lido reconstruct site.yaml --poses train --out scene",
             "lido reconstruct sim/site.yaml --poses sim --noise-px 2 --out scene --draw"},
    Examples{"lido jobs", "lido jobs --on k8s:pool-a/data",
             "lido jobs --on https://ray.example.org --token-file token --json"},
    Examples{"lido logs", "lido logs lido-3f2a9c81b04d-1 --on k8s:pool-a/data",
             "lido logs lido-3f2a9c81b04d-1 --on k8s:pool-a/data --follow"},
    Examples{"lido cancel", "lido cancel lido-3f2a9c81b04d-1 --on k8s:pool-a/data",
             "lido cancel lido-3f2a9c81b04d-1 --on https://ray.example.org --token-file token"},
    Examples{"lido help", "lido help ingest", "lido help cluster price"},
    Examples{"lido completion", "lido completion bash > lido.bash",
             "lido completion fish > ~/.config/fish/completions/lido.fish"},
    Examples{"lido man", "lido man > lido.1", "lido man | man -l -"},
};

}  // namespace

std::vector<std::string> examples_of(std::string_view path) {
  const auto found = std::ranges::find(kExamples, path, &Examples::path);
  if (found == kExamples.end()) return {};
  return {std::string(found->first), std::string(found->second)};
}

}  // namespace lido::cli
