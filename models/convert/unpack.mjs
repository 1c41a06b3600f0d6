// Puts the networks of the npm packages into OUT in one form, model.json with the shards beside it: nsfwjs ships them as scripts.
//
//     node unpack.mjs OUT
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const packages = path.join(import.meta.dirname, 'node_modules');
const out = process.argv[2];

for (const size of ['slim', 'medium']) {
  for (const scale of [2, 4]) {
    const source = path.join(packages, `@upscalerjs/esrgan-${size}/models/x${scale}`);
    fs.cpSync(source, path.join(out, `esrgan-${size}-x${scale}`), { recursive: true });
  }
}

const nsfw = path.join(packages, 'nsfwjs/dist/models/mobilenet_v2');
const target = path.join(out, 'nsfwjs-mobilenet-v2');
fs.mkdirSync(target, { recursive: true });
const model = require(path.join(nsfw, 'model.min.js'));
fs.writeFileSync(path.join(target, 'model.json'), JSON.stringify(model));
for (const shard of model.weightsManifest.flatMap((group) => group.paths)) {
  fs.writeFileSync(path.join(target, shard), Buffer.from(require(path.join(nsfw, `${shard}.min.js`)), 'base64'));
}
