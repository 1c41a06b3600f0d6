package dev.latentline.inference.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;

/** A process that begins an import, says how far it is, and waits to be killed. */
final class KilledImport {
  private KilledImport() {}

  /**
   * @param arguments the parent; then, where something goes out of its place, that, and where to if
   *     it is not into the workplace
   */
  public static void main(String[] arguments) throws Exception {
    Path parent = Path.of(arguments[0]);
    Workplace workplace = Workplace.in(parent);
    Files.writeString(Files.createDirectory(workplace.folder().resolve("ink")).resolve("a"), "new");
    if (arguments.length == 2) {
      workplace.setAside(parent.resolve(arguments[1]));
    } else if (arguments.length == 3) {
      workplace.setAside(parent.resolve(arguments[1]), parent.resolve(arguments[2]));
    }
    System.out.println("ready");
    System.in.read();
  }
}
