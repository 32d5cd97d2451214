// SPDX-License-Identifier: Apache-2.0
// Runs a TensorFlow.js graph model in TensorFlow.js, as its authors published it.
//
// Usage: run_graph_model.mjs MODEL.json OUT SIZE DIVISOR. OUT gets the float32 values of the
// outputs, ordered by name, for an image of 3 x SIZE x SIZE with the values that make_outputs.py
// gives, divided by DIVISOR.
import {readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

import '@tensorflow/tfjs-backend-cpu';
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import {env, tensor} from '@tensorflow/tfjs-core';

env().set('IS_NODE', false); // no advice about other runtimes
const [path, out, size, divisor] = process.argv.slice(2);
const stored = JSON.parse(readFileSync(path));
const files = stored.weightsManifest.flatMap(group => group.paths);
const weights = Buffer.concat(files.map(file => readFileSync(join(dirname(path), file))));
const model = await loadGraphModel({
  load: async () => ({
    ...stored,
    weightSpecs: stored.weightsManifest.flatMap(group => group.weights),
    weightData: new Uint8Array(weights).buffer,
  }),
});
const shape = [1, 3, Number(size), Number(size)];
const values = Float32Array.from(
    {length: 3 * size * size}, (_, i) => Math.fround((i * 7919) % 1009 / 4) / divisor);
const names = model.outputs.map(output => output.name).sort();
const results = model.execute({[model.inputs[0].name]: tensor(values, shape)}, names);
writeFileSync(out, Buffer.concat(results.map(result => Buffer.from(result.dataSync().buffer))));
