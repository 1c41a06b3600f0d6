/**
 * What every record carries around its value: key, headers, and the wait for the broker's
 * acknowledgement.
 */
package dev.latentline.kit.record;
