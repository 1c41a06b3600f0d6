package dev.latentline.gateway.request;

/**
 * What a request gets from its surroundings.
 *
 * @param atMs Unix milliseconds
 * @param randomBits used where the client leaves the seed out
 */
public record Arrival(String generationId, String tenant, long atMs, long randomBits) {}
