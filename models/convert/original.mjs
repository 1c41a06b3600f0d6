// Runs the originals in TensorFlow.js, with its plain JavaScript backend.
//
//     node original.mjs UNPACKED PICTURES OUT
//
// PICTURES holds NAME.json {width, height} and NAME.rgb, bytes row by row. OUT gets NETWORK.NAME.f32: the upscalers' answers in
// 0..255, row by row, and of nsfwjs the probabilities, in the order of its classes.
import * as tf from '@tensorflow/tfjs';
import fs from 'node:fs';
import path from 'node:path';
import { load } from 'nsfwjs';

const [unpacked, pictures, out] = process.argv.slice(2);
await tf.setBackend('cpu');
fs.mkdirSync(out, { recursive: true });

/** A layers model from a folder; the browser build of TensorFlow.js reads no files by itself. */
function fromFolder(folder) {
  const model = JSON.parse(fs.readFileSync(path.join(folder, 'model.json')));
  const groups = model.weightsManifest;
  const weights = Buffer.concat(groups.flatMap((group) => group.paths.map((shard) => fs.readFileSync(path.join(folder, shard)))));
  return tf.loadLayersModel({
    load: async () => ({
      modelTopology: model.modelTopology,
      weightSpecs: groups.flatMap((group) => group.weights),
      weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length),
    }),
  });
}

function write(network, name, values) {
  fs.writeFileSync(path.join(out, `${network}.${name}.f32`), Buffer.from(Float32Array.from(values).buffer));
}

const CLASSES = ['Drawing', 'Hentai', 'Neutral', 'Porn', 'Sexy'];
const nsfw = await load('MobileNetV2');
const upscalers = fs.readdirSync(unpacked).filter((name) => name.startsWith('esrgan-'));

for (const file of fs.readdirSync(pictures).filter((name) => name.endsWith('.json'))) {
  const name = path.basename(file, '.json');
  const { width, height } = JSON.parse(fs.readFileSync(path.join(pictures, file)));
  const pixels = tf.tensor3d(new Uint8Array(fs.readFileSync(path.join(pictures, `${name}.rgb`))), [height, width, 3], 'int32');
  const answer = await nsfw.classify(pixels, CLASSES.length);
  write('nsfwjs-mobilenet-v2', name, CLASSES.map((c) => answer.find((a) => a.className === c).probability));
  if (width * height <= 64 * 64) {
    for (const upscaler of upscalers) {
      const model = await fromFolder(path.join(unpacked, upscaler));
      write(upscaler, name, await model.predict(pixels.toFloat().expandDims()).data());
      model.dispose();
    }
  }
}
