# One image per service, from the checkout after `mvn package`:
#     docker build --build-arg SERVICE=denoiser-service --build-arg PORT=8083 -t latentline/denoiser-service:local .
# SERVICE is a Maven module, PORT the port of its application.properties.
#
# A container writes to /tmp only (native libraries are unpacked there, so it must allow execution) and may otherwise be
# read-only. It reads models from /models: mount the catalogue, models/target/catalogue, there.
ARG BASE_IMAGE=docker.io/library/eclipse-temurin:25.0.3_9-jre-noble
FROM ${BASE_IMAGE}

ARG SERVICE
ARG PORT

# what changes least comes first
COPY containers/healthy /opt/latentline/healthy
COPY ${SERVICE}/target/quarkus-app/lib/ /opt/latentline/lib/
COPY ${SERVICE}/target/quarkus-app/quarkus-run.jar /opt/latentline/
COPY ${SERVICE}/target/quarkus-app/quarkus/ /opt/latentline/quarkus/
COPY ${SERVICE}/target/quarkus-app/app/ /opt/latentline/app/

# JAVA_TOOL_OPTIONS is left to whoever knows the container's memory
ENV QUARKUS_HTTP_HOST=0.0.0.0 \
    QUARKUS_HTTP_PORT=${PORT} \
    LATENTLINE_MODELS=/models \
    ORT_DISABLE_TELEMETRY=1 \
    DJL_OFFLINE=true \
    DJL_CACHE_DIR=/tmp/djl \
    LANG=C.UTF-8

EXPOSE ${PORT}
USER 10001:10001
WORKDIR /tmp
# it answers once Kafka and its topics are there
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s --retries=3 CMD ["/opt/latentline/healthy", "live"]
ENTRYPOINT ["java", "--enable-native-access=ALL-UNNAMED", "-XX:+ExitOnOutOfMemoryError", "-jar", "/opt/latentline/quarkus-run.jar"]
