package dev.latentline.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class GenerationIdsTest {
  @Test
  void anIdIsAUuidOfVersion7() {
    Random random = new Random(1);

    for (int i = 0; i < 1000; i++) {
      String id = GenerationIds.create(1_795_500_000_000L + i, random);

      assertThat(GenerationIds.isValid(id)).as(id).isTrue();
      UUID uuid =
          UUID.fromString(id.substring(4).replaceFirst("(.{8})(.{4})(.{4})(.{4})", "$1-$2-$3-$4-"));
      assertThat(uuid.version()).isEqualTo(7);
      assertThat(uuid.variant()).isEqualTo(2);
      assertThat(uuid.getMostSignificantBits() >>> 16).isEqualTo(1_795_500_000_000L + i);
    }
  }

  @Test
  void idsOfOneMillisecondDiffer() {
    Random random = new Random(2);
    Set<String> ids = new HashSet<>();

    for (int i = 0; i < 100_000; i++) {
      ids.add(GenerationIds.create(0, random));
    }

    assertThat(ids).hasSize(100_000);
  }

  @Test
  void whatIsNoIdIsRefused() {
    assertThat(GenerationIds.isValid("gen_../../etc/passwd")).isFalse();
    assertThat(GenerationIds.isValid("gen_019e0b3c5d6e4abc8def0123456789ab"))
        .as("version 4")
        .isFalse();
    assertThat(GenerationIds.isValid("gen_019E0B3C5D6E7ABC8DEF0123456789AB"))
        .as("upper case")
        .isFalse();
    assertThat(GenerationIds.isValid("")).isFalse();
  }
}
