/** The one secret of an installation and what is derived from it. */
package dev.latentline.gateway.secret;
