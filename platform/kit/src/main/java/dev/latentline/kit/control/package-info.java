/** Orders that reach every replica of every stage. */
package dev.latentline.kit.control;
