/** What the services share at run time: work queues, records, objects, orders, topics. */
package dev.latentline.kit;
