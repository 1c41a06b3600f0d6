/** The gateway's REST API as the command line uses it. */
package dev.latentline.local.client;
