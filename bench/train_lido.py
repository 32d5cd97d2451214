# SPDX-License-Identifier: Apache-2.0
"""One epoch of lido.Loader. Usage: train_lido.py DATASET BATCH AUGMENT

Prints samples, wall and CPU seconds as JSON.
"""

import json
import resource
import sys
import time

import lido


def main(dataset, batch, augment):
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu, wall, samples, total = usage.ru_utime + usage.ru_stime, time.monotonic(), 0, 0
    for one in lido.Loader(dataset, batch_size=int(batch), augment=augment == "1"):
        samples += len(one)
        total += int(one.frames[0, 0, 0, 0, 0])
    wall, usage = time.monotonic() - wall, resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime - cpu
    print(json.dumps({"samples": samples, "wall_s": wall, "cpu_s": cpu}))


if __name__ == "__main__":
    main(*sys.argv[1:])
