/** Generations on their way: accepting them, and what is known of each. */
package dev.latentline.gateway.line;
