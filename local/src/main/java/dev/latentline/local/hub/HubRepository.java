package dev.latentline.local.hub;

import java.util.List;
import java.util.Optional;

/**
 * What a hub says of a repository.
 *
 * @param commit what its revision stands for now, in hex
 * @param licence as an SPDX expression
 * @param files all there are whose paths stay in a folder
 */
public record HubRepository(
    HubName name, String commit, Optional<String> licence, List<HubFile> files) {
  public HubRepository {
    files = List.copyOf(files);
  }
}
