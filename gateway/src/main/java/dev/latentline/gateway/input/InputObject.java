package dev.latentline.gateway.input;

/** The file of a picture in the store. */
public record InputObject(String key, long sizeBytes) {}
