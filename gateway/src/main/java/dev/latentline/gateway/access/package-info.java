/** Who is asking: a tenant by its key, or without keys only somebody at this machine. */
package dev.latentline.gateway.access;
