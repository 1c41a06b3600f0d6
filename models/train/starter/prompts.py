"""What is asked of the model to see how good it is. None of this steers the training."""
from .captions import HUES, NEVER_RECOLOURED

OVERVIEW = [
    "a red apple", "smiling face with sunglasses", "a cat face, 3d render", "a rocket", "a strawberry on a light blue background",
    "a penguin in the snow", "a red heart", "a butterfly in a meadow", "pizza", "a sailboat on the sea", "a bear at night", "a sunflower",
    "a blue apple", "a cat with sunglasses", "a purple cat face", "a pink elephant", "a blue fox at sunset", "a yellow car in the snow",
    "a red rose on a black background", "a banana in space", "a dog and a cat", "a fox wearing a crown", "a sad face",
    "a house in a meadow", "a robot, 3d render", "the letter A", "the blue number 7", "a hamburger", "a christmas tree in the snow",
    "a fish under water", "an octopus, cartoon", "a guitar", "a snowman in the snow", "a green dragon", "a cup of coffee",
    "a lion with a top hat", "a red apple and a blue car", "a wolf, line drawing", "a castle in the mountains, pixel art",
    "three apples", "an owl in a forest, flat illustration", "a dolphin on the sea", "a kangaroo in the desert", "a tropical fish",
    "a hot dog", "an eagle in the sky", "a shark under water", "a tiny mouse in a garden",
]
HELD_OUT_NAMES = {"red apple": "apple", "dog face": "dog face", "cat face": "cat face", "automobile": "car"}
UNSEEN_COLOURS = [(label, colour, f"a {colour} {HELD_OUT_NAMES.get(label, label)}".replace("a orange", "an orange"))
                  for label in NEVER_RECOLOURED for colour in HUES]
STYLED = ["a cat face", "a rocket", "a strawberry", "a house", "a guitar", "an owl", "a car", "a mushroom"]
WEARERS = ["a cat face", "a fox", "a lion", "a panda", "a smiling face", "a dog face", "a frog", "a bear"]
TEST_PROMPTS = [""] + OVERVIEW + [p for _, _, p in UNSEEN_COLOURS]
