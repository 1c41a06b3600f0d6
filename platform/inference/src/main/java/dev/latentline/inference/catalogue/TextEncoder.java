package dev.latentline.inference.catalogue;

/**
 * One text encoder of a model.
 *
 * @param tokenizer path in the model's folder of a Hugging Face tokenizer.json
 * @param model path of the graph; inputs input_ids, attention_mask, and others it may have
 * @param output the graph's output with the states of the tokens, [1, tokens, hiddenSize]
 * @param maxTokens rows of the conditioning, the tokenizer's own tokens at both ends included
 * @param hiddenSize the width of a row
 */
public record TextEncoder(
    String tokenizer, String model, String output, int maxTokens, int hiddenSize) {}
