/** What may be told of failures. */
package dev.latentline.kit.failure;
