/** The step loop: the tasks that this replica holds, and whose step is next. */
package dev.latentline.denoiser.loop;
