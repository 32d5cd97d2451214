# SPDX-License-Identifier: Apache-2.0
"""Lido on Ray, for work beyond one machine. The C++ core does the work; this package hands it out.

lido.ray.data           clips as a Ray Dataset of spans, spans to parts, samples back from shards
lido.ray.train          a training run by several workers, each of which starts lido-train
lido.ray.tune           many training runs with options of a search space
python -m lido.ray      the driver of `lido ingest`, `lido train` and `lido tune` with `--on ray`
"""
