// SPDX-License-Identifier: Apache-2.0
// Any text as a file of cameras in each format: TOML, YAML of OpenCV, and both files of COLMAP with
// an empty line between them. Cameras that are read have a size, a focal length and a rotation.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "lido/reconstruct/camera_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::reconstruct;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t middle = std::min(text.find("\n\n"), text.size());
  for (const auto& cameras :
       {read_camera_toml(text, "c.toml"), read_opencv_camera(text, "c.yaml", "c"),
        read_colmap(text.substr(0, middle), text.substr(middle), "model")}) {
    if (!cameras) continue;
    for (const FileCamera& one : *cameras) {
      const auto& camera = one.camera;
      if (camera.width < 2 || camera.height < 2 || !(camera.fx > 0) || !(camera.fy > 0))
        std::abort();
      if (!(std::abs(camera.cam_from_world.determinant() - 1) < 1e-3)) std::abort();
    }
    std::vector<lido::geometry::Camera> written;
    for (const FileCamera& one : *cameras) {
      written.push_back(one.camera);
      (void)to_opencv(one.camera);
    }
    const ColmapModel model = to_colmap(written);
    if (!written.empty() && !read_colmap(model.cameras, model.images, "model")) std::abort();
  }
  return 0;
}
