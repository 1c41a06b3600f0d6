package dev.latentline.inference.catalogue;

/** What the manifest says of a file. */
public record ModelFile(String path, long sizeBytes, String sha256) {}
