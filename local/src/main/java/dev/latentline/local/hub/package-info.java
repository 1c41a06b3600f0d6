/** Fetches models from a model hub. */
package dev.latentline.local.hub;
