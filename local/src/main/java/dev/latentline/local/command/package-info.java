/** The commands, what they check before they begin, and what they print. */
package dev.latentline.local.command;
