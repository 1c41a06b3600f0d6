package dev.latentline.embedded;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** A process for tests: starts one child that waits for ever, writes its pid, waits too. */
final class ParentOfOne {
  private ParentOfOne() {}

  public static void main(String[] args) throws Exception {
    if (args.length > 0) {
      Path pidFile = Path.of(args[0]);
      Path folder = pidFile.getParent();
      ChildProcess child =
          ChildProcess.start(
              new ChildProcess.Spec(
                  "child",
                  new JavaCommand()
                      .light(64)
                      .classpath(System.getProperty("java.class.path"))
                      .main(ParentOfOne.class.getName()),
                  Map.of(),
                  folder,
                  folder.resolve("grandchild.log")));
      Path written = Files.writeString(folder.resolve("pid.new"), Long.toString(child.pid()));
      Files.move(written, pidFile, StandardCopyOption.ATOMIC_MOVE);
    }
    new CountDownLatch(1).await();
  }
}
