# SPDX-License-Identifier: Apache-2.0
"""One epoch of webdataset in PyTorch's DataLoader. Usage: train_peer.py DATASET BATCH AUGMENT

What a user writes without Lido's loader: two workers, each with shards of its own, a shuffle
buffer, Pillow for decoding and augmenting, batches made in the workers. Prints samples, wall and
CPU seconds as JSON; imports do not count.
"""

import io
import json
import pathlib
import random
import resource
import sys
import time

import numpy
import torch
import webdataset
from PIL import Image, ImageEnhance, ImageFilter
from torch.utils.data import DataLoader

WORKERS = 2


def draw(group):
    """An augmentation of the kinds and strengths of Lido's defaults."""
    chance = random.Random(group)
    return {
        "flip": chance.random() < 0.5,
        "angle": chance.uniform(-5, 5),
        "zoom": 1 - 0.15 * chance.random(),
        "shift": (chance.uniform(-0.5, 0.5), chance.uniform(-0.5, 0.5)),
        "brightness": 1 + chance.uniform(-0.2, 0.2),
        "contrast": 1 + chance.uniform(-0.2, 0.2),
        "saturation": 1 + chance.uniform(-0.2, 0.2),
        "blur": chance.random() < 0.2,
        "noise": 0.02 * chance.random(),
    }


def augmented(image, drawn, noise):
    """Pillow's way: flip, rotate, crop and resize in one transform, then colours, blur, noise."""
    width, height = image.size
    if drawn["flip"]:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    angle = numpy.radians(drawn["angle"])
    cosine, sine = numpy.cos(angle), numpy.sin(angle)
    zoom = drawn["zoom"]
    a, b, d, e = zoom * cosine, zoom * sine, -zoom * sine, zoom * cosine
    x = width * (0.5 + drawn["shift"][0] * (1 - zoom)) - a * width / 2 - b * height / 2
    y = height * (0.5 + drawn["shift"][1] * (1 - zoom)) - d * width / 2 - e * height / 2
    image = image.transform(
        image.size, Image.Transform.AFFINE, (a, b, x, d, e, y), Image.Resampling.BILINEAR
    )
    image = ImageEnhance.Brightness(image).enhance(drawn["brightness"])
    image = ImageEnhance.Contrast(image).enhance(drawn["contrast"])
    image = ImageEnhance.Color(image).enhance(drawn["saturation"])
    if drawn["blur"]:
        image = image.filter(ImageFilter.GaussianBlur(0.7))
    pixels = numpy.asarray(image, numpy.int16)
    pixels = pixels + noise.normal(0, drawn["noise"] * 255, pixels.shape).astype(numpy.int16)
    return pixels.clip(0, 255).astype(numpy.uint8)


class Decode:
    def __init__(self, augment):
        self.augment = augment

    def __call__(self, sample):
        names = sorted(n for n in sample if n.endswith(".jpg") and not n.startswith("context"))
        images = [Image.open(io.BytesIO(sample[n])) for n in names]
        images = [image.convert("RGB") for image in images]
        if self.augment:
            drawn, noise = draw(sample["__key__"]), numpy.random.default_rng(1)
            frames = [augmented(image, drawn, noise) for image in images]
        else:
            frames = [numpy.asarray(image) for image in images]
        return {"frames": torch.from_numpy(numpy.stack(frames)), "key": sample["__key__"]}


def together(samples):
    return {
        "frames": torch.stack([sample["frames"] for sample in samples]),
        "key": [sample["key"] for sample in samples],
    }


def cpu_seconds():
    both = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def main(dataset, batch, augment):
    torch.set_num_threads(1)
    shards = sorted(str(path) for path in pathlib.Path(dataset, "shards").glob("*-train-*.tar"))
    cpu, wall, samples = cpu_seconds(), time.monotonic(), 0
    data = webdataset.WebDataset(shards, shardshuffle=len(shards)).shuffle(500)
    data = data.map(Decode(augment == "1")).batched(int(batch), collation_fn=together)
    for one in DataLoader(data, batch_size=None, num_workers=WORKERS):
        samples += len(one["key"])
        one["frames"][0, 0, 0, 0, 0].item()
    wall = time.monotonic() - wall
    print(json.dumps({"samples": samples, "wall_s": wall, "cpu_s": cpu_seconds() - cpu}))


if __name__ == "__main__":
    main(*sys.argv[1:])
