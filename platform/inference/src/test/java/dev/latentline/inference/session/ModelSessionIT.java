package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import dev.latentline.proto.v1.RuntimeClass;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the starter's real graphs. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ModelSessionIT {
  private static ModelCard starter;
  private static ModelSession unet;

  @BeforeAll
  static void open() {
    starter = starter();
    unet = ModelSession.open(starter.file(starter.unet().model()), SessionSettings.cpu(1));
  }

  @AfterAll
  static void close() {
    unet.close();
  }

  @Test
  void theGraphTellsItsInputsAndOutputs() {
    assertThat(unet.inputs())
        .containsOnly(
            Map.entry("sample", ElementType.FLOAT32),
            Map.entry("timestep", ElementType.INT64),
            Map.entry("encoder_hidden_states", ElementType.FLOAT32));
    assertThat(unet.outputs()).containsExactly("out_sample");
  }

  @Test
  void theSameInputGivesTheSameBitsFromSeveralThreadsAtOnce() throws Exception {
    Map<String, DenseTensor> inputs = inputs(16, 1);
    float[] expected = unet.run(inputs).data();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<FloatTensor>> runs = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        runs.add(threads.submit(() -> unet.run(inputs)));
      }
      for (Future<FloatTensor> run : runs) {
        assertThat(Arrays.equals(run.get().data(), expected)).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void rowsOfPaddingChangeNothing() {
    Map<String, DenseTensor> padded = inputs(16, 2);
    FloatTensor context = (FloatTensor) padded.get("encoder_hidden_states");
    float[] rows = Arrays.copyOf(Arrays.copyOf(context.data(), 9 * 384), 32 * 384);

    FloatTensor with =
        unet.run(with(padded, "encoder_hidden_states", new FloatTensor(context.shape(), rows)));
    FloatTensor without =
        unet.run(
            with(
                padded,
                "encoder_hidden_states",
                new FloatTensor(new long[] {1, 9, 384}, Arrays.copyOf(rows, 9 * 384))));

    for (int i = 0; i < with.data().length; i++) {
      assertThat(with.data()[i]).isCloseTo(without.data()[i], Offset.offset(1e-5f));
    }
  }

  @Test
  void everySizeThatTheManifestAllowsRuns() {
    try (ModelSession decoder =
        ModelSession.open(starter.file(starter.vae().decoder()), SessionSettings.cpu(1))) {
      for (int width = 64; width <= 256; width += 32) {
        int height = 320 - width;
        assertThat(starter.limits().allowSize(width, height)).isTrue();
        FloatTensor noise = noise(new long[] {1, 4, height / 8, width / 8}, width);

        FloatTensor latents = unet.run(with(inputs(16, 3), "sample", noise));
        FloatTensor picture = decoder.run(Map.of("latent_sample", latents));

        assertThat(latents.shape()).containsExactly(1, 4, height / 8, width / 8);
        assertThat(picture.shape()).containsExactly(1, 3, height, width);
        assertThat(picture.isFinite()).isTrue();
      }
    }
  }

  @Test
  void aRunIsStoppedFromOutsideAndTheSessionGoesOn() throws Exception {
    Map<String, DenseTensor> large =
        with(inputs(16, 4), "sample", noise(new long[] {4, 4, 64, 64}, 4));
    RunStop stop = new RunStop();
    CompletableFuture<FloatTensor> run =
        CompletableFuture.supplyAsync(() -> untilStopped(large, stop));

    CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS).execute(stop::stop);

    assertThat(run)
        .failsWithin(10, TimeUnit.SECONDS)
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(RunStoppedException.class);
    assertThatThrownBy(() -> unet.run(inputs(16, 4), "out_sample", stop))
        .isInstanceOf(RunStoppedException.class);
    assertThat(unet.run(inputs(16, 4)).isFinite()).isTrue();
  }

  private static FloatTensor untilStopped(Map<String, DenseTensor> inputs, RunStop stop) {
    while (true) {
      unet.run(inputs, "out_sample", stop);
    }
  }

  @Test
  void wrongInputsAreRefusedByName() {
    Map<String, DenseTensor> fractions =
        with(inputs(16, 5), "timestep", new FloatTensor(new long[] {1}, new float[] {1.5f}));
    Map<String, DenseTensor> odd = with(inputs(16, 5), "sample", noise(new long[] {1, 4, 9, 9}, 1));

    assertThatThrownBy(() -> unet.run(Map.of("sample", noise(new long[] {1, 4, 16, 16}, 1))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[encoder_hidden_states, sample, timestep], not [sample]");
    assertThatThrownBy(() -> unet.run(fractions))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("integers");
    assertThatThrownBy(() -> unet.run(odd)).isInstanceOf(GraphFailedException.class);
  }

  @Test
  void aFileThatIsNoGraphIsRefused(@TempDir Path folder) throws Exception {
    Path file = Files.write(folder.resolve("model.onnx"), new byte[] {1, 2, 3});

    assertThatThrownBy(() -> ModelSession.open(file, SessionSettings.cpu(1)))
        .isInstanceOf(GraphFailedException.class)
        .hasMessageContaining("model.onnx");
  }

  @Test
  void halvesAreRoundedOnTheWayInAndWidenedOnTheWayOut(@TempDir Path folder) throws Exception {
    long[] shape = {4};
    FloatTensor a = new FloatTensor(shape, new float[] {1, 0.1f, 60_000, -3e-7f});
    FloatTensor b = new FloatTensor(shape, new float[] {2, 0, 60_000, 0});

    try (ModelSession graph =
        ModelSession.open(
            SmallGraphs.write(SmallGraphs.HALF_ADD, folder), SessionSettings.cpu(1))) {
      FloatTensor sum = graph.run(Map.of("a", a, "b", b));

      assertThat(graph.inputs()).containsEntry("a", ElementType.FLOAT16);
      assertThat(sum.shape()).containsExactly(4);
      // the nearest halves: 0.1 has 11 bits, -3e-7 is a multiple of 2^-24, 120000 is none
      assertThat(sum.data())
          .containsExactly(3, 0.0999755859375f, Float.POSITIVE_INFINITY, -5 * 0x1p-24f);
    }
  }

  @Test
  void memoryThatRanOutIsToldFromOtherFailuresAndTheSessionGoesOn(@TempDir Path folder)
      throws Exception {
    FloatTensor one = new FloatTensor(new long[] {1}, new float[] {7});
    LongTensor petabyte = new LongTensor(new long[] {2}, new long[] {1L << 24, 1L << 24});
    LongTensor four = new LongTensor(new long[] {2}, new long[] {2, 2});

    try (ModelSession graph =
        ModelSession.open(SmallGraphs.write(SmallGraphs.EXPAND, folder), SessionSettings.cpu(1))) {
      assertThatThrownBy(() -> graph.run(Map.of("a", one, "s", petabyte)))
          .isInstanceOf(OutOfDeviceMemoryException.class)
          .hasMessageEndingWith("model.onnx failed: the device's memory is full");
      assertThat(graph.run(Map.of("a", one, "s", four)).data()).containsExactly(7, 7, 7, 7);
    }
  }

  @Test
  void aGpuThatIsNotThereStopsTheStartAndIsNotReplaced() {
    assumeFalse(Files.exists(Path.of("/proc/driver/nvidia")), "this machine has a GPU");

    assertThatThrownBy(
            () ->
                ModelSession.open(
                    starter.file(starter.unet().model()),
                    SessionSettings.of(Device.cuda(0), 1, Optional.of(1L << 30))))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageStartingWith("latentline.inference.device is cuda:0, but ")
        .hasMessageContaining("latentline.inference.device=cpu");
  }

  @Test
  void aProfileOfTheFirstRunNamesWhatTheCpuDid(@TempDir Path folder) throws Exception {
    try (SessionOptions options = new SessionOptions()) {
      NodePlacement.begin(options);
      try (OrtSession session =
              OrtRuntime.environment()
                  .createSession(
                      SmallGraphs.write(SmallGraphs.EXPAND, folder).toString(), options);
          OnnxTensor one = OnnxTensor.createTensor(OrtRuntime.environment(), new float[] {7});
          OnnxTensor shape =
              OnnxTensor.createTensor(OrtRuntime.environment(), new long[] {64, 64})) {
        session.run(Map.of("a", one, "s", shape)).close();

        assertThat(NodePlacement.end(session)).containsExactly("Expand");
      }
    }
  }

  @Test
  void aClosedSessionSaysSo() {
    ModelSession decoder =
        ModelSession.open(starter.file(starter.vae().decoder()), SessionSettings.cpu(1));
    decoder.close();
    decoder.close();

    assertThatThrownBy(
            () -> decoder.run(Map.of("latent_sample", noise(new long[] {1, 4, 8, 8}, 1))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void theRuntimeClassTellsWhatRuns() {
    RuntimeClass runtime = RuntimeClasses.current(SessionSettings.cpu(2), 2);

    assertThat(runtime.getProvider()).isEqualTo("cpu");
    assertThat(runtime.getOnnxruntimeVersion()).matches("1\\.\\d+\\.\\d+");
    assertThat(runtime.getDevice()).isNotEmpty();
    assertThat(runtime.getIntraOpThreads()).isEqualTo(2);
    assertThat(runtime.getBatch()).isEqualTo(2);
  }

  @Test
  void theShippedModelIsWhatItsManifestSays() {
    assertThat(starter.verify()).isEmpty();
  }

  private static ModelCard starter() {
    Path home = Path.of(System.getProperty("latentline.home"));
    return Catalogue.open(home.resolve("models/target/catalogue")).find("starter").orElseThrow();
  }

  private static Map<String, DenseTensor> inputs(int side, long seed) {
    return Map.of(
        "sample",
        noise(new long[] {1, 4, side, side}, seed),
        "timestep",
        new LongTensor(new long[] {1}, new long[] {500}),
        "encoder_hidden_states",
        noise(new long[] {1, 32, 384}, seed + 100));
  }

  private static Map<String, DenseTensor> with(
      Map<String, DenseTensor> inputs, String name, DenseTensor value) {
    Map<String, DenseTensor> changed = new HashMap<>(inputs);
    changed.put(name, value);
    if (name.equals("sample") && value.shape()[0] > 1) {
      int batch = (int) value.shape()[0];
      FloatTensor one = (FloatTensor) inputs.get("encoder_hidden_states");
      float[] all = new float[batch * one.data().length];
      for (int i = 0; i < batch; i++) {
        System.arraycopy(one.data(), 0, all, i * one.data().length, one.data().length);
      }
      changed.put("encoder_hidden_states", new FloatTensor(new long[] {batch, 32, 384}, all));
    }
    return changed;
  }

  private static FloatTensor noise(long[] shape, long seed) {
    Random random = new Random(seed);
    float[] values = new float[DenseTensor.elements(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new FloatTensor(shape, values);
  }
}
