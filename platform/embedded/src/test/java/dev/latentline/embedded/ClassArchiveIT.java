package dev.latentline.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassArchiveIT {
  @TempDir Path folder;
  private Path jar;
  private Path archives;

  @BeforeEach
  void prepare() throws Exception {
    jar = folder.resolve("greeting.jar");
    archives = folder.resolve("archives");
    pack(1);
  }

  @Test
  void theFirstProcessWritesWhatTheNextOneReads() throws Exception {
    ClassArchive first = archive();
    run(first);
    assertThat(first.isAwaited()).isTrue();
    first.ended(true);

    ClassArchive next = archive();

    assertThat(run(next, "-Xshare:on", "-Xlog:class+load"))
        .contains("dev.latentline.embedded.Greeting source: shared objects file (top)");
    assertThat(next.isAwaited()).isFalse();
    assertThat(written()).hasSize(1);
  }

  @Test
  void otherCodeHasAnArchiveOfItsOwnAndTheOldOneGoes() throws Exception {
    ClassArchive first = archive();
    run(first);
    first.ended(true);
    List<Path> old = written();

    pack(2);
    ClassArchive next = archive();
    run(next);
    next.ended(true);

    assertThat(written()).hasSize(1).doesNotContainAnyElementsOf(old);
  }

  @Test
  void whatMayBeCutOffIsDropped() throws Exception {
    ClassArchive archive = archive();
    run(archive);

    archive.ended(false);

    assertThat(written()).isEmpty();
  }

  @Test
  void whatAProcessThatIsGoneHasLeftIsDeleted() throws Exception {
    Process gone = new ProcessBuilder("true").start();
    gone.waitFor();
    Path left = Files.createDirectories(archives).resolve("greeting-0.jsa." + gone.pid());
    Files.createFile(left);

    archive().options(folder + "/*");

    assertThat(left).doesNotExist();
  }

  @Test
  void classesInAFolderAreNotArchived() throws Exception {
    String classpath = Files.createDirectories(folder.resolve("classes")).toString();
    ClassArchive archive = archive();

    assertThat(archive.options(classpath)).isEmpty();
    assertThat(archive.isAwaited()).isFalse();
  }

  private ClassArchive archive() {
    return new ClassArchive(archives, "greeting");
  }

  private List<Path> written() throws Exception {
    try (Stream<Path> files = Files.list(archives)) {
      return files.toList();
    }
  }

  private String run(ClassArchive archive, String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(archive.options(folder + "/*"));
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", folder + "/*", Greeting.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said.lines()).contains("hello").noneMatch(line -> line.contains("warning"));
    return said;
  }

  /**
   * @param copies how often the class is in it: another number makes another jar
   */
  private void pack(int copies) throws Exception {
    String name = Greeting.class.getName().replace('.', '/') + ".class";
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file);
        InputStream in = Greeting.class.getResourceAsStream("Greeting.class")) {
      byte[] bytes = in.readAllBytes();
      for (int i = 0; i < copies; i++) {
        out.putNextEntry(new JarEntry(i == 0 ? name : "copy-" + i));
        out.write(bytes);
      }
    }
  }
}
