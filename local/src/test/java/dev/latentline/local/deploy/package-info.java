/** Holds what deploys the services (Dockerfile, docker-compose.yml, k8s) against their code. */
package dev.latentline.local.deploy;
