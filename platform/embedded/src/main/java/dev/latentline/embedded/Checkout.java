package dev.latentline.embedded;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The checkout that this process runs from; knows where the build puts things.
 *
 * @param root the folder with the parent pom
 */
public record Checkout(Path root) {
  /** From the system property {@code latentline.home}, or the variable {@code LATENTLINE_HOME}. */
  public static Checkout current() {
    String home = System.getProperty("latentline.home", System.getenv("LATENTLINE_HOME"));
    if (home == null || home.isBlank()) {
      throw new IllegalStateException(
          "neither latentline.home nor LATENTLINE_HOME names the checkout");
    }
    return new Checkout(Path.of(home).toAbsolutePath().normalize());
  }

  /** The broker's jars. */
  public Path brokerJars() {
    return built("platform/broker/target/lib");
  }

  /** The store's jars. */
  public Path storeJars() {
    return built("platform/store/target/lib");
  }

  /** The store's own classes. */
  public Path storeClasses() {
    return built("platform/store/target/classes");
  }

  /** The catalogue of models that ship with the project. */
  public Path models() {
    return root.resolve("models/target/catalogue");
  }

  /** The jar that starts a service. */
  public Path service(String module) {
    return root.resolve(module).resolve("target/quarkus-app/quarkus-run.jar");
  }

  private Path built(String path) {
    Path folder = root.resolve(path);
    if (!Files.isDirectory(folder)) {
      throw new IllegalStateException(folder + " is missing: run mvn -Dquick package first");
    }
    return folder;
  }
}
