# SPDX-License-Identifier: Apache-2.0
"""Trains a small Keras network for one epoch on a dataset's samples, read by Ray Data.

Usage: train_tensorflow.py DATASET TASK

TASK is a kind of label that the dataset has: behaviour, gesture, age.
"""

import json
import sys

import ray
import tensorflow as tf
from lido.ray import data


def main(folder, task):
    samples = data.read_shards(folder, split="train")

    def named(row):
        return next(
            (label["label"] for label in json.loads(row["labels"]) if label["task"] == task), None
        )

    samples = samples.map(lambda row: {"frames": row["frames"], "name": named(row) or ""}).filter(
        lambda row: row["name"] != ""
    )
    names = sorted(samples.unique("name"))
    samples = samples.map(
        lambda row: {
            "frames": row["frames"].astype("float32") / 255,
            "target": names.index(row["name"]),
        }
    ).materialize()

    network = tf.keras.Sequential(
        [
            tf.keras.layers.Conv3D(8, 3, strides=2, activation="relu"),
            tf.keras.layers.GlobalAveragePooling3D(),
            tf.keras.layers.Dense(len(names)),
        ]
    )
    network.compile(
        optimizer="adam", loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    batches = samples.to_tf(feature_columns="frames", label_columns="target", batch_size=8)
    history = network.fit(batches, epochs=1, verbose=0)
    loss = history.history["loss"][0]
    print(
        f"{samples.count()} samples of {len(names)} classes ({', '.join(names)}), "
        f"mean loss {loss:.3f}"
    )


if __name__ == "__main__":
    ray.init(include_dashboard=False, log_to_driver=False)
    main(*sys.argv[1:])
