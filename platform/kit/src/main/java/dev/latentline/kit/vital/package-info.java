/** What must go on in every process, and what happens when it does not. */
package dev.latentline.kit.vital;
