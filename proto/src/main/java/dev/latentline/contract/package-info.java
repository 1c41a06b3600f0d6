/**
 * The contract that every service keeps and nobody owns alone: topics with their settings, names of
 * records' headers and of objects in the store, limits, the names of samplers and schedules, and
 * the kinds of failure. The messages themselves are generated from the .proto files of this module
 * into {@code dev.latentline.proto.v1}.
 */
package dev.latentline.contract;
