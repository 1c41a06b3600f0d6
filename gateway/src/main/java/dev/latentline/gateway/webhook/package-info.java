/**
 * Signed webhooks (Standard Webhooks 1.0.0) that are delivered until the receiver answers 2xx or
 * the schedule ends, whatever is restarted meanwhile.
 */
package dev.latentline.gateway.webhook;
