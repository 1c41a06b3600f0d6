/** Pictures that clients send: read with suspicion, stored as plain PNG files. */
package dev.latentline.gateway.input;
