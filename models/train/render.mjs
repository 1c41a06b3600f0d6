// Renders every concept in every source to 128 x 128 RGBA.
// usage: node render.mjs OUT [EVERY]     writes OUT/drawings.rgba (one picture after the other) and OUT/drawings.json;
//                                        with EVERY only every so many concepts, for a quick run of the whole chain
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import sharp from "sharp";

const SIZE = 128;
const BOX = 122; // a drawing's longer side: a margin keeps its edge off the border
const require = createRequire(import.meta.url);
const out = process.argv[2];
const every = Number(process.argv[3] ?? 1);
// Accessories, what scenes are furnished with, and what the tests ask for in other colours.
const needed = new Set(["sunglasses", "glasses", "crown", "top hat", "graduation cap", "palm tree", "evergreen tree", "deciduous tree", "cactus",
  "tulip", "blossom", "sunflower", "rose", "red apple", "banana", "strawberry", "fox", "elephant", "horse", "dog face", "cat face", "automobile"]);
fs.mkdirSync(out, { recursive: true });

const lines = (file) =>
  fs.readFileSync(new URL(file, import.meta.url), "utf8").split("\n").filter((l) => l && l[0] !== "#");
/** Code points without the variation selector, as both packages spell them in different ways. */
const plain = (hex) => hex.toLowerCase().split("-").filter((x) => x !== "fe0f").join("-");

const entries = new Map(require("emojibase-data/en/data.json").map((e) => [e.label, e]));
const excluded = new Set(lines("excluded.txt"));

function iconify(name) {
  const { icons, aliases = {}, width, height } = require(`${name}/icons.json`);
  const names = new Map();
  for (const [code, icon] of Object.entries(require(`${name}/chars.json`))) {
    if (!names.has(plain(code)) || plain(code) === code) names.set(plain(code), icon);
  }
  return (hex) => {
    const icon = names.get(hex);
    const found = icon && (icons[icon] ?? icons[aliases[icon]?.parent]);
    if (!found) return null;
    const [w, h] = [found.width ?? width ?? 16, found.height ?? height ?? 16];
    return Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
        `viewBox="${found.left ?? 0} ${found.top ?? 0} ${w} ${h}" width="256" height="256">${found.body}</svg>`,
    );
  };
}

function folder(dir) {
  const files = new Map(fs.readdirSync(dir).map((f) => [plain(path.parse(f).name), path.join(dir, f)]));
  return (hex) => files.get(hex) ?? null;
}

const sources = {
  "fluent-3d": folder(path.join(path.dirname(require.resolve("@lobehub/fluent-emoji-3d/package.json")), "assets")),
  noto: iconify("@iconify-json/noto"),
  "fluent-flat": iconify("@iconify-json/fluent-emoji-flat"),
};

async function normalised(image) {
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  const border = (SIZE - BOX) / 2;
  const png = await sharp(image).ensureAlpha().png().toBuffer();
  return sharp(png)
    .trim({ background, threshold: 8 })
    .resize(BOX, BOX, { fit: "contain", background, kernel: "lanczos3" })
    .extend({ top: border, bottom: border, left: border, right: border, background })
    .raw()
    .toBuffer();
}

const drawings = [];
const file = fs.openSync(path.join(out, "drawings.rgba"), "w");
for (const [index, line] of lines("concepts.txt").entries()) {
  const [left, right] = line.split(" = ");
  const flags = left.match(/^[*!^]*/)[0];
  const label = left.slice(flags.length);
  if (index % every && !needed.has(label)) continue;
  const entry = entries.get(label);
  if (!entry) throw new Error(`concepts.txt: emojibase has no '${label}'`);
  if (excluded.has(label)) throw new Error(`concepts.txt: '${label}' is in excluded.txt`);
  for (const [source, find] of Object.entries(sources)) {
    const image = find(plain(entry.hexcode));
    if (!image) continue;
    const rgba = await normalised(image);
    if (rgba.length !== SIZE * SIZE * 4) throw new Error(`${source} ${label}: ${rgba.length} bytes`);
    fs.writeSync(file, rgba);
    drawings.push({ label, names: right.split(", "), group: entry.group, flags, source });
  }
}
fs.closeSync(file);
fs.writeFileSync(path.join(out, "drawings.json"), JSON.stringify(drawings));
for (const source of Object.keys(sources)) {
  console.log(`${source}: ${drawings.filter((d) => d.source === source).length} drawings`);
}
