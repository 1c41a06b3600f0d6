/** The command line: pictures from a prompt, and the stack of one machine that makes them. */
package dev.latentline.local;
