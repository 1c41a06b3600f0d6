package dev.latentline.local.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadFolderTest {
  private static final HubFile A = new HubFile("unet/a.safetensors", 1, Optional.empty());
  private static final HubFile B = new HubFile("b.safetensors", 1, Optional.empty());

  @TempDir Path downloads;

  @Test
  void onlyWhatACallHasFetchedIsTakenAway() throws IOException {
    HubRepository repository =
        new HubRepository(
            HubName.parse(FakeHub.NAME), FakeHub.COMMIT, Optional.empty(), List.of(A, B));
    try (DownloadFolder folder = DownloadFolder.open(downloads, repository, Optional.empty())) {
      Path kept = folder.path().resolve(A.path());
      Files.createDirectories(kept.getParent());
      Files.write(kept, new byte[1]);
      Files.write(folder.path().resolve(B.path()), new byte[1]);

      folder.delete(List.of(B));
      assertThat(kept).exists();
      assertThat(folder.path().resolve(B.path())).doesNotExist();

      folder.delete(List.of(A));
      assertThat(downloads).isEmptyDirectory();
    }
  }
}
