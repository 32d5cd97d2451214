# SPDX-License-Identifier: Apache-2.0
"""Runs the detectors as their own runtimes do, for network_test.cpp to compare with.

Usage: make_outputs.py YOLOX FOLDER. FOLDER/yolox.outputs gets the float32 values of the network's
outputs for the input value(i) = i * 7919 mod 1009 / 4. FOLDER/batches.onnx is a small network with
a free batch. FOLDER/spots.onnx is a pose network: its keypoints are the brightest and the darkest
spot, as points, as heatmaps and as SimCC. NanoDet's and MoveNet's own runtime is TensorFlow.js:
tfjs/run_graph_model.mjs.
"""

import pathlib
import sys

import numpy as np
import onnx


def pattern(shape: tuple[int, ...]) -> np.ndarray:
    count = int(np.prod(shape))
    return (np.arange(count, dtype=np.int64) * 7919 % 1009 / 4).astype(np.float32).reshape(shape)


def make_batches(path: pathlib.Path) -> None:
    """Two convolutions over 32 x 32 pixels, to 2 x 2 cells of 7 values, as YOLOX's are laid out."""
    random = np.random.default_rng(7)

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return onnx.numpy_helper.from_array(
            (random.standard_normal(shape) / 4).astype(np.float32), name
        )

    node = onnx.helper.make_node
    shape = onnx.numpy_helper.from_array(np.array([0, -1, 7], np.int64), "shape")
    graph = onnx.helper.make_graph(
        [
            node("Conv", ["input", "w1"], ["a"], strides=[4, 4]),
            node("Relu", ["a"], ["b"]),
            node("Conv", ["b", "w2"], ["c"], strides=[4, 4]),
            node("Transpose", ["c"], ["d"], perm=[0, 2, 3, 1]),
            node("Reshape", ["d", "shape"], ["e"]),
            node("Sigmoid", ["e"], ["output"]),
        ],
        "batches",
        [onnx.helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, ["n", 3, 32, 32])],
        [onnx.helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, ["n", 4, 7])],
        [weights("w1", 16, 3, 4, 4), weights("w2", 7, 16, 4, 4), shape],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.save(model, path)


def spot_nodes() -> list[onnx.NodeProto]:
    """From the image to the outputs of make_spots()."""
    node = onnx.helper.make_node

    def wide(name: str) -> list[onnx.NodeProto]:
        """Each value twice in a row."""
        return [
            node("Unsqueeze", [name, "last"], [f"{name}_1"]),
            node("Tile", [f"{name}_1", "tiles"], [f"{name}_2"]),
            node("Reshape", [f"{name}_2", "flat"], [f"simcc_{name}"]),
        ]

    # Twice, so that a spot has one peak.
    blur = {"kernel_shape": [9, 9], "pads": [4, 4, 4, 4], "count_include_pad": 0}
    return [
        node("ReduceMean", ["input", "channels"], ["grey"], keepdims=1),
        node("Neg", ["grey"], ["dark"]),
        node("Concat", ["grey", "dark"], ["both"], axis=1),
        node("AveragePool", ["both"], ["once"], **blur),
        node("AveragePool", ["once"], ["spots"], **blur),
        node("AveragePool", ["both"], ["heatmap"], kernel_shape=[4, 4], strides=[4, 4]),
        node("ReduceMax", ["spots", "rows"], ["x"], keepdims=0),
        node("ReduceMax", ["spots", "columns"], ["y"], keepdims=0),
        *wide("x"),
        *wide("y"),
        node("Reshape", ["spots", "flat"], ["cells"]),
        node("Softmax", ["cells"], ["shares"], axis=2),
        node("MatMul", ["shares", "places"], ["position"]),
        node("ReduceMax", ["shares", "rows"], ["score"], keepdims=1),
        node("Concat", ["score", "position"], ["points"], axis=2),
    ]


def make_spots(path: pathlib.Path) -> None:
    """Finds the brightest and the darkest spot of 64 x 48 pixels (width x height)."""
    width, height, split = 64, 48, 2
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    constants = {
        **{"channels": [1], "rows": [2], "columns": [3], "last": [3]},
        **{"tiles": [1, 1, 1, split], "flat": [0, 2, -1]},
    }
    outputs = {
        "points": [3],
        "heatmap": [height // 4, width // 4],
        "simcc_x": [width * split],
        "simcc_y": [height * split],
    }
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        spot_nodes(),
        "spots",
        [value("input", onnx.TensorProto.FLOAT, ["n", 3, height, width])],
        [value(name, onnx.TensorProto.FLOAT, ["n", 2, *shape]) for name, shape in outputs.items()],
        [
            *(
                onnx.numpy_helper.from_array(np.array(values, np.int64), name)
                for name, values in constants.items()
            ),
            onnx.numpy_helper.from_array(
                np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32), "places"
            ),
        ],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main() -> None:
    yolox, folder = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    make_batches(folder / "batches.onnx")
    make_spots(folder / "spots.onnx")
    if yolox.exists():
        import onnxruntime

        session = onnxruntime.InferenceSession(yolox, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        outputs = session.run(None, {name: pattern((1, 3, 416, 416))})
        (folder / "yolox.outputs").write_bytes(b"".join(o.tobytes() for o in outputs))


if __name__ == "__main__":
    main()
