/**
 * Templates of prompts and what they become: choices and wildcards in the syntax of the extension
 * Dynamic Prompts, drawn by a seed. Pure: text and numbers in, text out.
 */
package dev.latentline.gateway.expand;
