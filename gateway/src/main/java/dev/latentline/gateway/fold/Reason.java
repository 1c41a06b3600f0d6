package dev.latentline.gateway.fold;

/**
 * Why something ended badly.
 *
 * @param stage that found it; empty when it was the owner
 * @param code stable, snake_case
 * @param message safe to show
 */
public record Reason(String stage, String code, String message) {}
