/**
 * Calls addresses that came from outside, and nothing else in Latentline does: checked against a
 * list of what must never be called, and pinned to the address that was checked.
 */
package dev.latentline.gateway.egress;
