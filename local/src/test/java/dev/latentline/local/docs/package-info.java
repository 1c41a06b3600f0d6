/** What the documents say, held against the checkout that they are in. */
package dev.latentline.local.docs;
