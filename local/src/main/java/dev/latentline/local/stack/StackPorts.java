package dev.latentline.local.stack;

import dev.latentline.embedded.Ports;
import dev.latentline.local.CliException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The port of each part of the stack. */
public final class StackPorts {
  private static final int HIGHEST = 65_535;

  private final Map<Role, Integer> ports;

  private StackPorts(Map<Role, Integer> ports) {
    this.ports = ports;
  }

  /**
   * The default ports, changed by the environment, changed by options.
   *
   * @param environment {@code LATENTLINE_PORTS}: {@code NAME=N,NAME=N}; may be null
   * @param options of {@code --port}, each {@code NAME=N}; 0 picks a free port
   * @throws CliException when one cannot be understood, or two parts get the same port
   */
  public static StackPorts of(String environment, List<String> options) {
    Map<Role, Integer> ports = new EnumMap<>(Role.class);
    for (Role role : Role.values()) {
      ports.put(role, role.defaultPort());
    }
    if (environment != null && !environment.isBlank()) {
      for (String part : environment.split(",")) {
        put(ports, part.trim(), "LATENTLINE_PORTS");
      }
    }
    for (String option : options) {
      put(ports, option.trim(), "--port");
    }
    fillZeroes(ports);
    refuseDuplicates(ports);
    return new StackPorts(ports);
  }

  public int of(Role role) {
    return ports.get(role);
  }

  /**
   * @throws CliException naming the first port that somebody listens on, and how to choose another
   */
  public void checkFree() {
    ports.forEach(
        (role, port) -> {
          if (!Ports.isFree(port)) {
            throw CliException.failed(
                String.format(
                    "port %d, which the %s needs, is in use: stop what listens there, or choose"
                        + " another with --port %s=N (or LATENTLINE_PORTS=%s=N)%s",
                    port,
                    role.id(),
                    role.id(),
                    role.id(),
                    role == Role.GATEWAY
                        ? "; a gateway that listens there is used where LATENTLINE_URL names it"
                        : ""));
          }
        });
  }

  private static void put(Map<Role, Integer> ports, String text, String source) {
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw CliException.usage(
          source + " " + text + ": write NAME=N, where NAME is one of " + Role.ids());
    }
    String name = text.substring(0, equals);
    Role role =
        Role.byId(name)
            .orElseThrow(
                () ->
                    CliException.usage(
                        source + " " + text + ": there is no " + name + ", only " + Role.ids()));
    try {
      int port = Integer.parseInt(text.substring(equals + 1));
      if (port >= 0 && port <= HIGHEST) {
        ports.put(role, port);
        return;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw CliException.usage(
        source
            + " "
            + text
            + ": a port is a number from 1 to "
            + HIGHEST
            + ", or 0 for a free one");
  }

  private static void fillZeroes(Map<Role, Integer> ports) {
    List<Role> open = ports.keySet().stream().filter(role -> ports.get(role) == 0).toList();
    List<Integer> free = Ports.free(open.size());
    for (int i = 0; i < open.size(); i++) {
      ports.put(open.get(i), free.get(i));
    }
  }

  private static void refuseDuplicates(Map<Role, Integer> ports) {
    Map<Integer, Role> seen = new java.util.HashMap<>();
    ports.forEach(
        (role, port) -> {
          Role other = seen.put(port, role);
          if (other != null) {
            throw CliException.usage(
                other.id() + " and " + role.id() + " cannot both have port " + port);
          }
        });
  }
}
