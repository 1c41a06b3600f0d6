/** A hub to fetch from, and what is made of its repositories. */
package dev.latentline.local.hub;
