package dev.latentline.gateway;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What a gateway is told. */
@ConfigMapping(prefix = "latentline")
public interface GatewaySettings {
  /**
   * The catalogue's folder: the models that a request can name. After commas, folders with more
   * models.
   */
  List<Path> models();

  /**
   * A file of keys: lines of a tenant's name and the SHA-256 of one of its keys in hex. Absent: no
   * key is asked for, and only this machine is served. Whoever can write it can read everything.
   */
  Optional<Path> keys();

  /**
   * A folder of .txt files, in folders of any depth: what dynamic prompts can name, one choice a
   * line. Read at the start. The same for all gateways, or the same request becomes another one.
   */
  Optional<Path> wildcards();

  /**
   * A styles.csv as AUTOMATIC1111 writes it: the styles that a request can name. Read at the start.
   */
  Optional<Path> styles();

  /**
   * What the secrets of webhook endpoints and other keys are derived from: at least 32 characters,
   * random, the same for all gateways and for ever. With a new one every endpoint signs anew, and
   * the idempotency keys of the past are forgotten.
   */
  Optional<String> masterSecret();

  /** How long a body of JSON may take to come in; then its connection is closed. */
  @WithDefault("20S")
  Duration bodyTime();

  /** How long a client may take for an answer of JSON; then its connection is closed. */
  @WithDefault("60S")
  Duration answerTime();
}
