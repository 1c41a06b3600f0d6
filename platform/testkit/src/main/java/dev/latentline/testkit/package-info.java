/**
 * What tests stand on: one real Kafka broker and one real S3 store per test run, records read and
 * written without the services' own code, a webhook receiver, and the check of a service's channels
 * against the contract.
 */
package dev.latentline.testkit;
