/** Dense fp32 arrays with a shape, and their form in records. */
package dev.latentline.inference.tensor;
