package dev.latentline.local.stack;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What listens on a port of the stack, with the port that it has unless told otherwise. */
public enum Role {
  GATEWAY(8080),
  PROMPT(8081),
  ENCODER(8082),
  DENOISER(8083),
  DECODER(8084),
  STORE(29000),
  BROKER(29092),
  /** The broker's other half; the same process. */
  CONTROLLER(29093);

  private final int port;

  Role(int port) {
    this.port = port;
  }

  /** The name in {@code --port NAME=N}, in logs and in messages. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  public int defaultPort() {
    return port;
  }

  /** Whether it is one of the five services. */
  public boolean isService() {
    return ordinal() <= DECODER.ordinal();
  }

  /** Whether it runs networks. */
  boolean computes() {
    return this == ENCODER || this == DENOISER || this == DECODER;
  }

  /** The Maven module of a service. */
  public String module() {
    return this == GATEWAY ? "gateway" : id() + "-service";
  }

  public static Optional<Role> byId(String id) {
    return Arrays.stream(values()).filter(role -> role.id().equals(id)).findFirst();
  }

  /** The five services, the gateway first. */
  public static List<Role> services() {
    return Arrays.stream(values()).filter(Role::isService).toList();
  }

  static String ids() {
    return String.join(", ", Arrays.stream(values()).map(Role::id).toList());
  }
}
