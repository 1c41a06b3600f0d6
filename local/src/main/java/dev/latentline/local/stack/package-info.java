/** Broker, store and the five services as supervised child processes with one state folder. */
package dev.latentline.local.stack;
