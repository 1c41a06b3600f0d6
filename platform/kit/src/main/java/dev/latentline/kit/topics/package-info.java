/**
 * The contract's topics and share groups at the broker: made by the gateway, awaited by the others.
 */
package dev.latentline.kit.topics;
