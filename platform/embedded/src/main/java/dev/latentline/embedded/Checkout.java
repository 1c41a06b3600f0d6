package dev.latentline.embedded;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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

  /** The store's own jar. */
  public Path storeJar() {
    return built("platform/store/target/latentline-store.jar");
  }

  /** The catalogue of models that ship with the project. */
  public Path models() {
    return root.resolve("models/target/catalogue");
  }

  /** The graphs that checkpoints are imported into. */
  public Path graphTemplates() {
    return root.resolve("models/templates");
  }

  /** What the processes of a stack leave for those after them. */
  public ClassArchive archive(String program) {
    return new ClassArchive(root.resolve("local/target/class-archives"), program);
  }

  /**
   * All jars of a service, as a class path: its own loader of classes would keep them from being
   * archived.
   */
  public String serviceClasspath(String module) {
    Path app = service(module).getParent();
    List<String> path = new ArrayList<>();
    path.add(app.resolve("quarkus/transformed-bytecode.jar").toString());
    path.add(app.resolve("quarkus/generated-bytecode.jar").toString());
    for (String jars : List.of("app", "lib/main", "lib/boot")) {
      path.add(app.resolve(jars) + "/*");
    }
    return String.join(File.pathSeparator, path);
  }

  /** The jar that starts a service. */
  public Path service(String module) {
    return root.resolve(module).resolve("target/quarkus-app/quarkus-run.jar");
  }

  private Path built(String path) {
    Path made = root.resolve(path);
    if (!Files.exists(made)) {
      throw new IllegalStateException(made + " is missing: run mvn -Dquick package first");
    }
    return made;
  }
}
