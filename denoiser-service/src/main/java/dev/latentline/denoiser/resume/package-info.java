/** Step records: what lets another replica go on with a picture between any two steps. */
package dev.latentline.denoiser.resume;
