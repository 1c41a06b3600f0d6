package dev.latentline.embedded;

import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The command line of a Java child process, run by the Java that runs the parent. */
public final class JavaCommand {
  private final List<String> options = new ArrayList<>();
  private final List<String> classpath = new ArrayList<>();
  private Optional<ClassArchive> archive = Optional.empty();

  public JavaCommand() {
    classpath.add(ownCode());
  }

  /** Options of the virtual machine. */
  public JavaCommand options(String... added) {
    options.addAll(Arrays.asList(added));
    return this;
  }

  /** Classes for a process that computes nothing much: quick to start, small. */
  public JavaCommand light(int heapMegabytes) {
    return options("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx" + heapMegabytes + "m");
  }

  /**
   * Classes for a process that computes: the optimising compiler for loops as usual, for the rest
   * ten times later than by itself. It takes core-seconds from the first pictures otherwise, for
   * code that carries a record now and then.
   */
  public JavaCommand computing(int heapMegabytes) {
    return options(
        "-XX:+UseSerialGC",
        "-XX:Tier4InvocationThreshold=50000",
        "-XX:Tier4MinInvocationThreshold=6000",
        "-XX:Tier4CompileThreshold=150000",
        "-Xmx" + heapMegabytes + "m");
  }

  /** A folder of classes, a jar, or {@code folder/*} for all jars of a folder. */
  public JavaCommand classpath(String... added) {
    classpath.addAll(Arrays.asList(added));
    return this;
  }

  /** Starts faster with this archive, or writes it when it ends. */
  public JavaCommand archive(ClassArchive of) {
    archive = Optional.of(of);
    return this;
  }

  /** The whole command; the process ends with this one, see {@link Tether}. */
  public List<String> main(String mainClass, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // half of its threads gone, it would neither work nor end: it is to be started again
    command.add("-XX:+ExitOnOutOfMemoryError");
    // figures for jstat, taken 20 times a second by itself: with nine processes, a core's 0.4 %
    command.add("-XX:PerfDataSamplingInterval=1000");
    command.addAll(options);
    String joined = String.join(File.pathSeparator, classpath);
    archive.ifPresent(a -> command.addAll(a.options(joined)));
    command.add("-cp");
    command.add(joined);
    command.add(Tether.class.getName());
    command.add(mainClass);
    command.addAll(Arrays.asList(arguments));
    return command;
  }

  private static String ownCode() {
    try {
      return Path.of(Tether.class.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the classes of the embedded stack are nowhere", e);
    }
  }
}
