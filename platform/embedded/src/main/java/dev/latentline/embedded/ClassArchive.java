package dev.latentline.embedded;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * The classes of one Java program as the virtual machine holds them in memory (application
 * class-data sharing, JEP 350): a process that finds them there starts with about half the work.
 * The first process of a build writes them when it ends in order, the later ones read them. Nothing
 * depends on it: where they are missing, are in the way or cannot be written, a process starts as
 * without. Thread-safe.
 */
public final class ClassArchive {
  private static final String SUFFIX = ".jsa";

  /** The virtual machine would tell on stdout why it passes an archive or a class over. */
  private static final String QUIET = "-Xlog:cds*=error";

  private final Path folder;
  private final String program;
  private volatile boolean awaited;

  /**
   * @param folder of the archives of all programs
   * @param program its name
   */
  public ClassArchive(Path folder, String program) {
    this.folder = folder;
    this.program = program;
  }

  /**
   * The options that read the archive of this very code and Java, or have it written at the end.
   */
  List<String> options(String classpath) {
    List<Path> jars = jars(classpath);
    Path archive = folder.resolve(name(jars));
    if (Files.isRegularFile(archive)) {
      return List.of("-XX:SharedArchiveFile=" + archive, QUIET);
    }
    // with classes in folders the virtual machine would refuse to start
    if (jars.stream().anyMatch(Files::isDirectory)) {
      return List.of();
    }
    try {
      Files.createDirectories(folder);
      files("").stream().filter(ClassArchive::isLeftOver).forEach(ClassArchive::delete);
      awaited = true;
      return List.of("-XX:ArchiveClassesAtExit=" + archive + ownEnding(), QUIET);
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Whether a process that was started with {@link #options} writes it at its end. */
  public boolean isAwaited() {
    return awaited;
  }

  /**
   * To be called after the last process of the program that this one started has ended.
   *
   * @param complete whether it has worked and has written all of its archive
   */
  public void ended(boolean complete) {
    for (Path written : files(ownEnding())) {
      try {
        if (complete) {
          String name = written.getFileName().toString();
          Files.move(
              written,
              folder.resolve(name.substring(0, name.length() - ownEnding().length())),
              StandardCopyOption.ATOMIC_MOVE);
        } else {
          delete(written);
        }
      } catch (IOException e) {
        delete(written);
      }
    }
  }

  private List<Path> files(String ending) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(program + "-"))
          .filter(file -> file.getFileName().toString().endsWith(ending))
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Of other code, or written for a process that is gone. */
  private static boolean isLeftOver(Path file) {
    String name = file.getFileName().toString();
    String ending = name.substring(name.lastIndexOf('.') + 1);
    return name.endsWith(SUFFIX)
        || (ending.matches("[0-9]+") && ProcessHandle.of(Long.parseLong(ending)).isEmpty());
  }

  private static String ownEnding() {
    return "." + ProcessHandle.current().pid();
  }

  /** Names the Java and the jars: the virtual machine refuses others, and they need an own one. */
  private String name(List<Path> jars) {
    StringBuilder code = new StringBuilder();
    code.append(System.getProperty("java.home")).append(Runtime.version());
    for (Path jar : jars) {
      File file = jar.toFile();
      code.append('\n').append(jar).append(file.length()).append(' ').append(file.lastModified());
    }
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(code.toString().getBytes(StandardCharsets.UTF_8));
      return program + "-" + HexFormat.of().formatHex(digest, 0, 8) + SUFFIX;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Path> jars(String classpath) {
    List<Path> jars = new ArrayList<>();
    for (String entry : classpath.split(File.pathSeparator)) {
      if (!entry.endsWith("*")) {
        jars.add(Path.of(entry));
        continue;
      }
      try (Stream<Path> inside = Files.list(Path.of(entry).getParent())) {
        inside.filter(file -> file.toString().endsWith(".jar")).sorted().forEach(jars::add);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read the jars in " + entry + ": " + e, e);
      }
    }
    return jars;
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // it takes some space until the next build cleans up
    }
  }
}
