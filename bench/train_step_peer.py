# SPDX-License-Identifier: Apache-2.0
"""Steps of the network of people in eager PyTorch, as src/lido/nn/people.cpp has its layers.

Usage: train_step_peer.py STEPS WINDOWS FRAMES SIDE THREADS

AdamW, label smoothing, clipping and a moving average of the weights, as in lido train. Prints
windows, wall and CPU seconds as JSON; imports and the first two steps do not count.
"""

import json
import resource
import sys
import time

import torch
from torch import nn


def block(before, after, kernel, stride, groups=1):
    padding = tuple(side // 2 for side in kernel)
    conv = nn.Conv2d(before, after, kernel, stride, padding, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(after), nn.ReLU()]


class People(nn.Module):
    def __init__(self, heads):
        super().__init__()
        layers, channels = block(3, 16, (3, 3), 2), 16
        for after, stride in ((24, 2), (32, 1), (48, 2), (64, 1), (96, 2), (96, 1)):
            layers += block(channels, channels, (3, 3), stride, channels)
            layers += block(channels, after, (1, 1), 1)
            channels = after
        self.frame = nn.Sequential(*layers)
        self.time = nn.Sequential(*block(96, 96, (5, 1), (2, 1)), *block(96, 96, (5, 1), (2, 1)))
        self.heads = nn.ModuleDict({name: nn.Linear(96, count) for name, count in heads.items()})

    def forward(self, frames):
        windows, count, high, wide, _ = frames.shape
        planes = frames.view(-1, high, wide, 3).permute(0, 3, 1, 2).float()
        rows = self.frame(((planes - 127.5) / 127.5).contiguous()).mean((2, 3))
        column = rows.view(windows, count, -1, 1).permute(0, 2, 1, 3).contiguous()
        window = self.time(column).mean((2, 3))
        return {name: head(window) for name, head in self.heads.items()}


def cpu_s():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(steps, windows, frames, side, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    heads = {"behaviour": 12, "age": 5}
    network = People(heads)
    average = [value.clone() for value in network.state_dict().values()]
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.05)
    pixels = torch.randint(0, 256, (windows, frames, side, side, 3), dtype=torch.uint8)
    targets = {name: torch.arange(windows) % count for name, count in heads.items()}
    for step in range(-2, steps):
        if step == 0:
            begin, cpu = time.monotonic(), cpu_s()
        outputs = network(pixels)
        loss = sum(
            nn.functional.cross_entropy(outputs[name], targets[name], label_smoothing=0.1)
            for name in heads
        )
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            for mean, value in zip(average, network.state_dict().values(), strict=True):
                if value.is_floating_point():
                    mean.lerp_(value, 0.01)
    wall, cpu = time.monotonic() - begin, cpu_s() - cpu
    print(json.dumps({"samples": steps * windows, "wall_s": wall, "cpu_s": cpu}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
