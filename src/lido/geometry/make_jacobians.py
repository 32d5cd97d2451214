# SPDX-License-Identifier: Apache-2.0
"""Derivatives of projections by OpenCV, for projection_test.cpp to compare with.

Usage: make_jacobians.py > jacobians.csv. A row has the lens, its coefficients, a point in the
camera's frame, and OpenCV's derivatives of the pixel's u, then of v, by rotation vector (3),
translation (3), focal lengths (2), principal point (2) and coefficients (5; 4 and a 0 for fisheye).
"""

import cv2
import numpy as np
from make_lenses import CAMERA, LENSES, points


def brown(at, k):
    still = np.zeros(3)
    return cv2.projectPoints(at, still, still, CAMERA, np.array(k, float))[1][:, :15]


def fisheye(at, k):
    still = np.zeros(3)
    jacobian = cv2.fisheye.projectPoints(at, still, still, CAMERA, np.array(k[:4], float))[1]
    # OpenCV has focal lengths, principal point, coefficients, rotation, translation, skew.
    order = [*range(8, 14), *range(0, 8)]
    return np.hstack([jacobian[:, order], np.zeros((2, 1))])


def main():
    by = ["r1", "r2", "r3", "t1", "t2", "t3", "fx", "fy", "cx", "cy", *(f"d{i}" for i in range(5))]
    pixel = [f"{axis}_{name}" for axis in "uv" for name in by]
    print(",".join(["lens", "k1", "k2", "k3", "k4", "k5", "x", "y", "z", *pixel]))
    for lens, many in LENSES.items():
        for k in many:
            for point in points(lens):
                if np.hypot(*point[:2]) < 1e-9:
                    continue  # OpenCV's fisheye divides by the distance from the axis
                at = np.array(point).reshape(1, 1, 3)
                jacobian = brown(at, k) if lens == "brown" else fisheye(at, k)
                values = [*k, *point, *jacobian.ravel()]
                print(",".join([lens, *(f"{value:.10g}" for value in values)]))


if __name__ == "__main__":
    main()
