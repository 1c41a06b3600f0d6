/** From text to token ids, by the tokenizer.json that a model brings along. */
package dev.latentline.prompt.tokenize;
