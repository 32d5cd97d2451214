# SPDX-License-Identifier: Apache-2.0
"""Projects points by OpenCV, for camera_test.cpp to compare with.

Usage: make_lenses.py > lenses.csv. A row has the lens, its coefficients, a point in the camera's
frame and OpenCV's pixel: of cv2.projectPoints for brown, of cv2.fisheye.projectPoints for fisheye.
The camera has fx 410, fy 405, cx 322, cy 178.
"""

import cv2
import numpy as np

CAMERA = np.array([[410, 0, 322], [0, 405, 178], [0, 0, 1]], float)
LENSES = {
    "brown": [
        (0, 0, 0, 0, 0),
        (-0.21, 0.06, 0.001, -0.002, -0.008),
        (0.12, -0.03, -0.004, 0.003, 0.006),
        (-0.08, 0, 0, 0, 0),
    ],
    "fisheye": [
        (0, 0, 0, 0, 0),
        (-0.03, 0.01, -0.002, 0.0005, 0),
        (0.05, -0.02, 0.004, -0.001, 0),
        (-0.06, 0, 0, 0, 0),
    ],
}
# Angles from the optical axis, degrees: to the corners of the image, and for a fisheye beyond.
ANGLES = {"brown": (0, 7, 22, 38), "fisheye": (0, 12, 40, 65, 80)}


def points(lens):
    for i, angle in enumerate(np.radians(ANGLES[lens])):
        for j, side in enumerate(np.radians((20, 155, 290))):
            depth = 0.4 + 1.3 * i + 2.9 * j
            away = depth * np.tan(angle)
            yield away * np.cos(side), away * np.sin(side), depth


def main():
    print("lens,k1,k2,k3,k4,k5,x,y,z,u,v")
    still = np.zeros(3)
    for lens, many in LENSES.items():
        for k in many:
            for point in points(lens):
                at = np.array(point).reshape(1, 1, 3)
                if lens == "brown":
                    pixel, _ = cv2.projectPoints(at, still, still, CAMERA, np.array(k, float))
                else:
                    pixel, _ = cv2.fisheye.projectPoints(
                        at, still, still, CAMERA, np.array(k[:4], float)
                    )
                values = [*k, *point, *pixel.ravel()]
                print(",".join([lens, *(f"{value:.10g}" for value in values)]))


if __name__ == "__main__":
    main()
