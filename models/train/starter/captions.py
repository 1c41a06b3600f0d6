"""Plans pictures: which sprites stand where on which background, and the caption that says so.

A plan is a row of arrays (no pixels), so that millions of them are made on a CPU in seconds and painted on the GPU. A pair
has two more captions, of one of its things twice each, and says how it is split.
"""
import json
import re

import numpy as np

SIZE = 128
LAYERS = 4
SIDE_BY_SIDE, ONE_ABOVE = 1, 2  # how a pair is split
TOKENS = 24  # of a caption, [CLS] and [SEP] among them; longer ones are planned anew
STYLES = {
    "fluent-3d": ("3d render", "3d icon", "3d emoji"),
    "noto": ("cartoon", "emoji", "cartoon emoji"),
    "fluent-flat": ("flat illustration", "flat icon", "flat"),
}
STYLE_NAMED = {"fluent-3d": 0.45, "noto": 0.8, "fluent-flat": 1.0}  # without a word of style, most pictures are 3D
SOURCE_WEIGHT = {"fluent-3d": 2.0, "noto": 0.9, "fluent-flat": 0.6}
EFFECTS = ("pixel art", "line drawing", "neon sign", "black and white")
HUES = {"red": 0.0, "orange": 0.075, "yellow": 0.145, "green": 0.35, "turquoise": 0.49, "blue": 0.6, "purple": 0.76, "pink": 0.91}
SHADES = ("black", "white", "brown")
COLOURS = tuple(HUES) + SHADES
# Never drawn in another colour: with these the test asks for colours that no training picture showed.
NEVER_RECOLOURED = ("red apple", "banana", "strawberry", "fox", "elephant", "horse", "rose", "dog face", "cat face", "automobile")
BACKGROUNDS = {
    "red": (225, 70, 65), "orange": (250, 165, 70), "yellow": (252, 222, 95), "green": (120, 200, 120), "turquoise": (85, 200, 195),
    "blue": (95, 165, 240), "purple": (165, 120, 220), "pink": (250, 170, 205), "black": (25, 25, 30), "grey": (165, 170, 178),
    "light blue": (190, 225, 250), "dark blue": (30, 45, 100), "brown": (150, 105, 75),
}
SCENES = {
    "night": ("at night", "under a starry night sky", "in the night"),
    "sunset": ("at sunset", "in front of a sunset"),
    "meadow": ("in a meadow", "on green grass", "in a green field"),
    "beach": ("on a beach", "on the beach", "on a sandy beach", "on the beach by the sea"),
    "snow": ("in the snow", "in a snowy landscape", "in winter"),
    "underwater": ("under water", "underwater", "in the deep sea"),
    "space": ("in space", "in outer space"),
    "ocean": ("on the sea", "on the ocean", "on the water"),
    "forest": ("in a forest", "in the woods", "in the forest"),
    "desert": ("in the desert", "in a desert"),
    "city": ("in a city", "in the city", "in a street"),
    "sky": ("in the sky", "among the clouds", "in a blue sky"),
    "garden": ("in a garden", "among flowers", "in a flower garden"),
    "mountains": ("in the mountains", "in front of mountains"),
}
FLOATING = ("underwater", "space", "sky", "night")
WEARS = {
    "sunglasses": ("with sunglasses", "wearing sunglasses"), "glasses": ("with glasses", "wearing glasses"),
    "crown": ("with a crown", "wearing a crown"), "top hat": ("with a top hat", "wearing a top hat"),
    "graduation cap": ("with a graduation cap", "wearing a graduation cap"),
}
DIGITS = "zero one two three four five six seven eight nine".split()
SINGULAR_S = {"octopus", "cactus", "bus", "lotus", "compass", "hibiscus", "walrus", "abacus", "rhinoceros", "hippopotamus"}
PLURAL = {"fries", "cherries", "grapes", "blueberries", "peas", "headphones", "pancakes", "maracas", "bubbles", "fireworks",
          "sparkles", "chopsticks", "scissors", "glasses", "sunglasses", "eyeglasses", "jeans", "trousers", "gloves", "socks",
          "shorts", "skis", "heels", "masks", "chains", "swords", "scales", "bricks", "houses", "peanuts", "tracks", "prints",
          "footprints", "notes", "lips", "bags", "shoes"}
MASS = {"popcorn", "sushi", "bread", "bacon", "butter", "salt", "rice", "spaghetti", "pasta", "corn", "fire", "wood", "garlic", "ice",
        "fog", "milk", "chocolate", "coral", "broccoli", "dna", "toilet paper", "table tennis", "stew", "champagne", "camping", "santa",
        "santa claus", "saturn", "earth", "planet earth", "mount fuji", "statue of liberty", "poo", "lavender", "money with wings",
        "ping pong", "soap", "ramen", "noodle soup", "cricket", "hockey", "chicken leg"} - {"cricket", "chicken leg"}


def article(name):
    last = name.split()[-1]
    if name in MASS or last in PLURAL or re.match(r"(the|a|an|two|pair|shaking|praying|clapping|crossed|money|face|cut|santa) ", name) and not name.startswith("face "):
        return name
    if last.endswith("s") and not last.endswith("ss") and last not in SINGULAR_S:
        return name
    vowel = name[0] in "aeiou" and not re.match(r"(ufo|unicorn|one|uni|eu)", name) or name.startswith(("hourglass", "suv", "x-ray", "sos"))
    return ("an " if vowel else "a ") + name


def plural(name):
    """The plural, or None where a rule would get it wrong."""
    last = name.split()[-1]
    if last.endswith("s") or name in MASS or " of " in name or " with " in name or " in " in name or "face" in name or last in ("fish", "sheep", "mouse", "man", "woman", "policeman", "fireman", "knife", "loaf", "leaf", "tooth", "foot", "scarf", "wolf", "deer", "shrimp", "squid", "bison", "moose", "ox", "calf", "child", "goose", "die"):
        return None
    if last.endswith(("ch", "sh", "x")):
        return name + "es"
    if last.endswith("y") and last[-2] not in "aeiou":
        return name[:-1] + "ies"
    if last in ("tomato", "potato"):
        return name + "es"
    return name + "s"


class Art:
    """The sprites' metadata, and where each sprite's coloured variants stand in the bank."""

    def __init__(self, metadata):
        self.sprites, self.scenes = metadata["sprites"], metadata["scenes"]
        self.variants = []  # (sprite, colour)
        self.variant_index = {}
        for i, s in enumerate(self.sprites):
            for colour in self.colours_of(s):
                self.variant_index[i, colour] = len(self.sprites) + len(self.variants)
                self.variants.append((i, colour))
        self.of_colour = [[c for c in COLOURS if (i, c) in self.variant_index] for i in range(len(self.sprites))]
        self.scene_ranges = {}
        for i, kind in enumerate(self.scenes):
            first, _ = self.scene_ranges.get(kind, (i, i))
            self.scene_ranges[kind] = (first, i + 1)

    @classmethod
    def load(cls, path):
        return cls(json.loads(path.read_text()))

    @staticmethod
    def colours_of(sprite):
        if sprite["label"] in NEVER_RECOLOURED or sprite["kind"] == "accessory":
            return []
        if sprite["hue"] is not None:
            hues = [c for c, h in HUES.items() if abs((h - sprite["hue"] + 0.5) % 1 - 0.5) > 0.06]
            return hues if sprite["group"] == 0 and "heart" not in sprite["label"] else hues + list(SHADES)
        return list(HUES) if sprite["neutral"] else []


def natural_colour(sprite):
    hue = sprite["hue"]
    return None if hue is None else min(HUES, key=lambda c: abs((hue - HUES[c] + 0.5) % 1 - 0.5))


class Planner:
    def __init__(self, art: Art, seed: int):
        self.art, self.rng = art, np.random.default_rng(seed)
        sprites = art.sprites
        weight = np.array([0.0 if s["kind"] != "drawing" else SOURCE_WEIGHT[s["source"]] * (1.8 if "*" in s["flags"] else 1.0)
                           for s in sprites])
        self.weight = np.cumsum(weight) / weight.sum()
        accessory = np.array([0.0 if s["kind"] != "accessory" else SOURCE_WEIGHT[s["source"]] * (2 if s["accessory"] in ("sunglasses", "crown", "top hat") else 1)
                              for s in sprites])
        self.accessory_weight = np.cumsum(accessory) / accessory.sum()
        self.glyphs = [i for i, s in enumerate(sprites) if s["kind"] == "glyph"]
        self.by_source, self.core = {}, {}
        for source in STYLES:
            w = np.array([weight[i] if s["source"] == source else 0.0 for i, s in enumerate(sprites)])
            self.by_source[source] = np.cumsum(w) / w.sum()

    # chance, cheap
    def pick(self, options):
        return options[int(self.rng.random() * len(options))]

    def chance(self, p):
        return self.rng.random() < p

    def between(self, a, b):
        return a + (b - a) * self.rng.random()

    def name(self, sprite):
        names = sprite["names"]
        return names[0] if self.chance(0.6) else self.pick(names)

    def coloured(self, i, p_other, p_named, common=False):
        """A sprite, perhaps in another colour: its place in the bank and its name."""
        s = self.art.sprites[i]
        name = self.name(s)
        others = self.art.of_colour[i]
        face = s["group"] == 0 and "heart" not in s["label"]
        names_colour = any(word in HUES or word in SHADES for word in name.split())
        if others and not names_colour and self.chance(p_other * (0.4 if face else 1)):
            colour = self.pick(others)
            return self.art.variant_index[i, colour], f"{colour} {name}"
        natural = natural_colour(s)
        if natural and not face and not names_colour and self.chance(p_named):
            name = f"{natural} {name}"
        return i, name

    def background(self, white, plain):
        """-> (kind, scene, colours, words, kind of scene)"""
        r = self.rng.random()
        if r < white:
            return 0, -1, (255,) * 6, " on a white background" if self.chance(0.12) else "", ""
        if r < white + plain:
            name = self.pick(tuple(BACKGROUNDS))
            colour = np.array(BACKGROUNDS[name])
            ends = np.clip(np.concatenate([colour + self.rng.normal(0, 5, 3), colour + self.rng.normal(0, 5, 3)]), 0, 255)
            return 1, -1, tuple(ends.astype(int)), f" on a {name} background" if name[0] != "o" else f" on an {name} background", ""
        kind = self.pick(tuple(SCENES))
        first, end = self.art.scene_ranges[kind]
        return 2, int(self.rng.integers(first, end)), (255,) * 6, " " + self.pick(SCENES[kind]), kind

    def place(self, background, scene, small):
        """Centre and scale of a single thing."""
        if small:
            scale = self.between(0.32, 0.5)
        elif background == 0:
            scale = 1.0 if self.chance(0.4) else self.between(0.8, 1.0)
        elif background == 1:
            scale = self.between(0.78, 0.97)
        else:
            scale = self.between(0.55, 0.85)
        room = (1 - scale) * 64
        x = 64 + self.between(-1, 1) * max(3, room * 0.7)
        if background == 2 and scene not in FLOATING:
            y = min(122, self.between(104, 124)) - 61 * scale
            y = max(y, 61 * scale + 2)
        else:
            y = 64 + self.between(-1, 1) * max(3, room * 0.7)
        return x, y, scale

    def plan(self):
        """-> (layers [(bank, x, y, scale, flip)], background kind, scene, colours, effect, captions, label, split)

        captions: one, and for a pair those of its halves.
        """
        r = self.rng.random()
        if r < 0.16:
            return self.pair()
        if r < 0.19:
            return self.several()
        if r < 0.27:
            return self.letter()
        effect = 0
        accessory = r < 0.34
        if accessory:
            i = int(np.searchsorted(self.accessory_weight, self.rng.random()))
            s = self.art.sprites[i]
            bank, thing = i, article(self.name(s)) + " " + self.pick(WEARS[s["accessory"]])
        else:
            i = int(np.searchsorted(self.weight, self.rng.random()))
            s = self.art.sprites[i]
            bank, name = self.coloured(i, 0.3, 0.22)
        kind, scene, colours, words, where = self.background(0.42, 0.22)
        small = not accessory and self.chance(0.05)
        if not accessory:
            name = f"{self.pick(('small', 'tiny', 'little'))} {name}" if small and self.chance(0.7) else name
            thing = article(name) if self.chance(0.75) or small else name
        if self.chance(0.1):
            effect = 1 + int(self.rng.integers(4))
            if effect in (2, 3):
                kind, scene, colours, words, where = 0, -1, (255,) * 6, "", ""
            if effect == 3:
                words = " on a black background" if self.chance(0.2) else ""
        layer = (bank, *self.place(kind, where, small), self.chance(0.3))
        return [layer], kind, scene, colours, effect, [self.styled(thing, words, s["source"], effect)], i, 0

    def styled(self, thing, words, source, effect=0):
        if effect:
            style = EFFECTS[effect - 1]
        elif self.chance(STYLE_NAMED[source]):
            style = self.pick(STYLES[source])
        else:
            return thing + words
        if effect == 4:
            return f"{thing}{words}, black and white"
        return f"{thing}{words}, {style}" if self.chance(0.7) or style == "flat" else f"{style} of {thing}{words}"

    def pair(self):
        source = self.pick(("fluent-3d", "fluent-3d", "fluent-3d", "noto", "fluent-flat"))
        weights = self.by_source[source]
        i = int(np.searchsorted(weights, self.rng.random()))
        j = i
        while self.art.sprites[j]["label"] == self.art.sprites[i]["label"]:
            j = int(np.searchsorted(weights, self.rng.random()))
        (a, one_thing), (b, other_thing) = self.coloured(i, 0.3, 0.3), self.coloured(j, 0.3, 0.3)
        first, second = article(one_thing), article(other_thing)
        kind, scene, colours, words, where = self.background(0.4, 0.25)
        one, two = self.between(0.46, 0.55), self.between(0.46, 0.55)
        if self.chance(0.12) and kind != 2:
            layers = [(a, 64 + self.between(-6, 6), 33, one, False), (b, 64 + self.between(-6, 6), 95, two, False)]
            core, between, split = self.pick((f"{first} above {second}", f"{first} on top of {second}")), "above", ONE_ABOVE
        else:
            base = self.between(100, 118) if kind == 2 and where not in FLOATING else 64 + 31 + self.between(-8, 8)
            layers = self.beside((a, one), (b, two), base)
            r = self.rng.random()
            core = (f"{first} and {second}" if r < 0.55 else f"{first} next to {second}" if r < 0.75 else
                    f"{first} beside {second}" if r < 0.82 else f"{first} on the left and {second} on the right")
            between, split = "next to", SIDE_BY_SIDE
        form = self.styled("@", words, source)
        if split == SIDE_BY_SIDE and kind != 2:  # in scenes several of one do not stand where pairs do
            twice = [f"two {many}" if (many := plural(thing)) else f"{article(thing)} and {article(thing)}" for thing in (one_thing, other_thing)]
        else:
            twice = [f"{each} {between} {each}" for each in (first, second)]
        captions = [form.replace("@", c) for c in (core, *twice)]
        return layers, kind, scene, colours, 0, captions, i, split

    def beside(self, left, right, base):
        """Layers of two things, (bank, scale) each, that stand on the line y = base."""
        return [(bank, x + self.between(-2, 2), base - 61 * scale, scale, self.chance(0.2)) for x, (bank, scale) in ((33, left), (95, right))]

    def several(self):
        many = None
        while many is None:
            i = int(np.searchsorted(self.weight, self.rng.random()))
            bank, name = self.coloured(i, 0.25, 0.2)
            many = plural(name)
        count = int(self.rng.integers(2, 5))
        places = {2: [(33, 64, 0.5), (95, 64, 0.5)], 3: [(64, 34, 0.48), (34, 94, 0.48), (94, 94, 0.48)],
                  4: [(34, 34, 0.48), (94, 34, 0.48), (34, 94, 0.48), (94, 94, 0.48)]}[count]
        kind, scene, colours, words, _ = self.background(0.6, 0.4)
        layers = [(bank, x, y, scale, False) for x, y, scale in places]
        caption = self.styled(f"{DIGITS[count]} {many}", words, self.art.sprites[i]["source"])
        return layers, kind, scene, colours, 0, [caption], i, 0

    def letter(self):
        i = self.pick(self.glyphs)
        character = self.art.sprites[i]["label"]
        colour = self.pick(("red",) + tuple(self.art.of_colour[i]))
        bank = i if colour == "red" else self.art.variant_index[i, colour]
        kind, scene, colours, words, where = self.background(0.0 if colour == "white" else 0.5, 0.5 if colour == "white" else 0.3)
        noun = self.pick(("letter", "letter", "capital letter")) if character.isalpha() else self.pick(("number", "digit"))
        shown = DIGITS[int(character)] if character.isdigit() and self.chance(0.2) else character
        r = self.rng.random()
        named = colour if colour != "red" or self.chance(0.6) else ""
        core = (f"the {named} {noun} {shown}" if r < 0.4 else f"a {named} {noun} {shown}" if r < 0.6 else
                f"{named} {noun} {shown}" if r < 0.75 else f"the {noun} {shown}" + (f" in {named}" if named else ""))
        core = " ".join(core.split()).replace("a orange", "an orange")
        x, y, scale = self.place(kind, where, False)
        return [(bank, x, y, scale * 1.05, False)], kind, scene, colours, 0, [core + words], i, 0


def plans(art, tokenizer, seed, count):
    """`count` plans as arrays. The tokenizer turns captions into ids of MiniLM's vocabulary."""
    planner = Planner(art, seed)
    out = dict(
        bank=np.full((count, LAYERS), -1, np.int32), place=np.zeros((count, LAYERS, 4), np.float32),
        background=np.zeros(count, np.int8), scene=np.zeros(count, np.int32), colours=np.zeros((count, 6), np.uint8),
        effect=np.zeros(count, np.int8), tokens=np.zeros((count, TOKENS), np.int32), length=np.zeros(count, np.int8),
        half_tokens=np.zeros((count, 2, TOKENS), np.int32), half_length=np.zeros((count, 2), np.int8), split=np.zeros(count, np.int8),
        sprite=np.zeros(count, np.int32))
    captions = []
    while len(captions) < count:
        batch = [planner.plan() for _ in range(min(4096, count - len(captions)))]
        encoded = iter(tokenizer.encode_batch([caption for p in batch for caption in p[5]]))
        for layers, kind, scene, colours, effect, texts, sprite, split in batch:
            own, *halves = [next(encoded).ids for _ in texts]
            if max(map(len, [own, *halves])) > TOKENS:
                continue
            n = len(captions)
            captions.append(texts[0])
            for k, (bank, *place) in enumerate(layers):
                out["bank"][n, k], out["place"][n, k] = bank, place
            out["background"][n], out["scene"][n], out["colours"][n] = kind, max(scene, 0), colours
            out["effect"][n], out["sprite"][n], out["split"][n] = effect, sprite, split
            out["tokens"][n, :len(own)], out["length"][n] = own, len(own)
            for k, ids in enumerate(halves):
                out["half_tokens"][n, k, :len(ids)], out["half_length"][n, k] = ids, len(ids)
    return out, captions
