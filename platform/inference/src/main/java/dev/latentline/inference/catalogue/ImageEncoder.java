package dev.latentline.inference.catalogue;

import java.util.Optional;

/**
 * Pictures in the space of the text encoder, and from there in the place of a text.
 *
 * @param model path of the graph in the model's folder: sample [1, 3, size, size] in -1..1, RGB, to
 *     features [1, features], not of length 1
 * @param size of the pictures that it was trained on, in pixels
 * @param features how many numbers stand for a picture
 * @param prompt path of the graph that makes a conditioning of them: features [1, features] to
 *     encoder_hidden_states [1, rows, the network's context_size]; without it the model is not
 *     steered by pictures
 */
public record ImageEncoder(String model, int size, int features, Optional<String> prompt) {}
