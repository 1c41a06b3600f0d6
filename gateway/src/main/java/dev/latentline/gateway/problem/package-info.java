/** What a client is told when something is not done: problem+json (RFC 9457). */
package dev.latentline.gateway.problem;
