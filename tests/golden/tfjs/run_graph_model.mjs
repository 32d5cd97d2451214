// SPDX-License-Identifier: Apache-2.0
// Runs a TensorFlow.js graph model in TensorFlow.js, as its authors published it.
//
// Usage: run_graph_model.mjs MODEL.json OUT SIZE DIVISOR
//        run_graph_model.mjs MODEL.json OUT SIZE DIVISOR IMAGE.rgb
// OUT gets the float32 values of the outputs, ordered by name. The first form's input is an image of
// 3 x SIZE x SIZE with the values that make_outputs.py gives, divided by DIVISOR; the second form's
// is a file of SIZE x SIZE x 3 bytes, divided by DIVISOR.
import {readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

import '@tensorflow/tfjs-backend-cpu';
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import {env, tensor} from '@tensorflow/tfjs-core';

env().set('IS_NODE', false); // no advice about other runtimes
const [path, out, sizeText, divisor, image] = process.argv.slice(2);
const size = Number(sizeText);
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

function pattern() {
  const values = Float32Array.from(
      {length: 3 * size * size}, (_, i) => Math.fround((i * 7919) % 1009 / 4) / divisor);
  return tensor(values, [1, 3, size, size]);
}

function pixels() {
  const values = Float32Array.from(readFileSync(image), value => value / divisor);
  return tensor(values, [1, size, size, 3], model.inputs[0].dtype);
}

const names = model.outputs.map(output => output.name).sort();
const input = image === undefined ? pattern() : pixels();
const results = [model.execute({[model.inputs[0].name]: input}, names)].flat();
writeFileSync(out, Buffer.concat(results.map(result => Buffer.from(result.dataSync().buffer))));
