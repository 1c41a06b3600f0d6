/** An S3 store on a folder, for one machine: the program around s3proxy. */
package dev.latentline.store;
