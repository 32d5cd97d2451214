# SPDX-License-Identifier: Apache-2.0
"""Lido's work on Ray, where one machine is not enough. The core does the work; what is here hands it out.

lido.ray.data    clips as a Ray Dataset of spans, spans to parts, samples back from shards
python -m lido.ray    what `lido ingest --on ray` runs
"""
