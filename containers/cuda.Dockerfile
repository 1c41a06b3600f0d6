# A base image with CUDA 12, cuDNN 9 and Java, for services that were built with mvn -Pgpu:
#     docker build -f containers/cuda.Dockerfile -t latentline/java-cuda:12 containers
ARG JAVA_IMAGE=docker.io/library/eclipse-temurin:25.0.3_9-jre-noble
ARG CUDA_IMAGE=docker.io/nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04

FROM ${JAVA_IMAGE} AS java
FROM ${CUDA_IMAGE}
COPY --from=java /opt/java/openjdk /opt/java/openjdk
ENV JAVA_HOME=/opt/java/openjdk \
    PATH=/opt/java/openjdk/bin:${PATH}
