/**
 * What people write into prompts, as AUTOMATIC1111 reads it: weights, changes in the course of the
 * steps, several prompts in one. Pure: text in, values out.
 */
package dev.latentline.prompt.grammar;
