package dev.latentline.inference.lora;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.inference.catalogue.Defaults;
import dev.latentline.inference.catalogue.FlowShift;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelFile;
import dev.latentline.inference.catalogue.ModelLimits;
import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.catalogue.UNet;
import dev.latentline.inference.catalogue.Vae;
import dev.latentline.inference.session.GraphFailedException;
import dev.latentline.inference.session.NotEnoughMemoryException;
import dev.latentline.inference.session.SessionSettings;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ModelPartTest {
  private static final String GRAPH = "unet/model.onnx";

  @TempDir Path folder;

  @Test
  @EnabledOnOs(OS.LINUX)
  void aGraphWhoseWeightsLieBesideItIsNotLoadedWhereTheyCannotFit() {
    // a petabyte, of which the graph itself is little
    ModelPart part = part(1 << 20, 1L << 50);

    assertThatThrownBy(() -> part.open(SessionSettings.cpu(1)))
        .isInstanceOf(NotEnoughMemoryException.class)
        .hasMessageContaining("the graph my/unet/model.onnx takes 2251799.8 GB of memory")
        .hasMessageContaining("GB are free");
  }

  @Test
  void aSmallGraphIsLoadedWithoutALookAtWhatIsFree() {
    assertThatThrownBy(() -> part(1 << 20, 1 << 20).open(SessionSettings.cpu(1)))
        .isInstanceOf(GraphFailedException.class)
        .isNotInstanceOf(NotEnoughMemoryException.class);
  }

  private ModelPart part(long graphBytes, long dataBytes) {
    return ModelPart.of(
        new ModelCard(
            "my",
            "sha256:00",
            folder.resolve("my"),
            "small",
            Optional.empty(),
            "MIT",
            "",
            Instant.EPOCH,
            new Defaults(10, 3, 64, 64, Sampler.DDIM, Schedule.NORMAL),
            new ModelLimits(64, 128, 64, 128, 32, 128 * 128, 100),
            List.of(new TextEncoder("tokenizer.json", "text/model.onnx", "out", 4, 2)),
            new UNet(GRAPH, 4, 2),
            new Vae("decoder.onnx", "encoder.onnx", 8, 1, Optional.empty()),
            new SchedulerConfig(
                1000,
                SchedulerConfig.BetaSchedule.LINEAR,
                0.0001,
                0.02,
                SchedulerConfig.PredictionType.EPSILON,
                SchedulerConfig.TimestepSpacing.TRAILING,
                1,
                false,
                1,
                true,
                false,
                FlowShift.NONE),
            Optional.empty(),
            Map.of(
                GRAPH,
                new ModelFile(GRAPH, graphBytes, "00"),
                "unet/model.onnx_data",
                new ModelFile("unet/model.onnx_data", dataBytes, "00"),
                "text/model.onnx",
                new ModelFile("text/model.onnx", 1L << 50, "00"))),
        GRAPH);
  }
}
