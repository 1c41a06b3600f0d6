package dev.latentline.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.gateway.expand.Draws;
import dev.latentline.gateway.expand.PromptTemplate;
import dev.latentline.gateway.expand.TemplateException;
import dev.latentline.gateway.expand.Wildcards;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WildcardFolderIT {
  @TempDir Path folder;
  @TempDir Path elsewhere;

  @Test
  void filesAreNamedByTheirPathAndWhatIsHiddenIsLeftOut() throws IOException {
    write("fruit.txt", "\ufeffapple\r\n");
    write("colours/warm.txt", "red");
    write(".git/config.txt", "no");
    write("notes.md", "no");

    Wildcards found = WildcardFolder.read(folder);

    assertThat(expand("__colours/warm__ __fruit__", found)).isEqualTo("red apple");
    assertThatThrownBy(() -> expand("__config__", found)).isInstanceOf(TemplateException.class);
    assertThatThrownBy(() -> expand("__notes__", found)).isInstanceOf(TemplateException.class);
  }

  @Test
  void aLinkInsideOfTheFolderIsFollowedAndOneThatLeavesItIsRefused() throws IOException {
    // as Kubernetes mounts a ConfigMap
    write("..2026/fruit.txt", "apple");
    Files.createSymbolicLink(folder.resolve("fruit.txt"), Path.of("..2026/fruit.txt"));
    assertThat(expand("__fruit__", WildcardFolder.read(folder))).isEqualTo("apple");

    Files.writeString(elsewhere.resolve("secret.txt"), "secret");
    Files.createSymbolicLink(folder.resolve("more.txt"), elsewhere.resolve("secret.txt"));
    assertThatThrownBy(() -> WildcardFolder.read(folder))
        .hasMessage("latentline.wildcards: more.txt links to a file outside of the folder");
  }

  @Test
  void whatIsWrongNamesTheSettingFileAndLine() throws IOException {
    write("a.txt", "x\n{y");
    assertThatThrownBy(() -> WildcardFolder.read(folder))
        .hasMessageStartingWith("latentline.wildcards: a, line 2: A { is not closed");

    Files.write(folder.resolve("a.txt"), new byte[] {(byte) 0xff});
    assertThatThrownBy(() -> WildcardFolder.read(folder))
        .hasMessageContaining("a.txt is not UTF-8");

    assertThatThrownBy(() -> WildcardFolder.read(folder.resolve("none")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("folder of wildcards cannot be read");
  }

  private static String expand(String template, Wildcards wildcards) {
    return PromptTemplate.parse(template, wildcards).expand(Draws.ofPrompt(7));
  }

  private void write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
