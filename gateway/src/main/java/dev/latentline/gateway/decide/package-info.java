/**
 * What the owner of a generation must do: a pure function of its state and the time, and the order
 * in which waiting generations are let into the line.
 */
package dev.latentline.gateway.decide;
