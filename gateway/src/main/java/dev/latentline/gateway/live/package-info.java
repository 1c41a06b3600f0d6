/** Live mode: pictures while somebody types, over a WebSocket (RFC 6455). */
package dev.latentline.gateway.live;
