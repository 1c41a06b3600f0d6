/** The native REST API, version 1: JSON over HTTP, server-sent events, pictures. */
package dev.latentline.gateway.rest;
