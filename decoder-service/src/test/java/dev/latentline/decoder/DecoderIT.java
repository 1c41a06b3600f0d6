package dev.latentline.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.decoder.picture.PictureRecord;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.kit.workqueue.Lease;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImageFailed;
import dev.latentline.proto.v1.LatentDenoised;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.RuntimeClass;
import dev.latentline.proto.v1.Safety;
import dev.latentline.proto.v1.Stored;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.RecordWriter;
import dev.latentline.testkit.TestStack;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The decoder with a real broker and store, and the starter's autoencoder. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(DecoderIT.StarterCatalogue.class)
@Timeout(Patience.TEST_SECONDS)
class DecoderIT {
  private static final Duration SOON = Patience.SOON;
  private static final RuntimeClass RUNTIME =
      RuntimeClass.newBuilder()
          .setProvider("cpu")
          .setOnnxruntimeVersion("1.29.0")
          .setDevice("avx2")
          .setIntraOpThreads(1)
          .setBatch(2)
          .build();

  private static RecordWriter writer;
  private final RecordReader reader = RecordReader.open();
  @Inject BlobStore store;
  @Inject DecodeStage stage;

  /** The models that the build has assembled. */
  public static class StarterCatalogue implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "latentline.models",
          Apple.catalogueFolder().toString(),
          "latentline.safety",
          "blur",
          "latentline.store.patience",
          "PT0.1S");
    }
  }

  @BeforeAll
  static void open() {
    writer = RecordWriter.open();
  }

  @AfterAll
  static void close() {
    writer.close();
  }

  @Test
  void latentsBecomeAStoredPictureAndTheFactThatItIsThere() throws Exception {
    GenerationRequest request = request().setCount(2).build();

    submit(request, 1, Apple.latents());

    Stored stored = facts(request, 1).get(0).getStored();
    byte[] file = store.get(stored.getKey()).orElseThrow();
    assertThat(stored.getKey())
        .isEqualTo(ObjectKeys.image("default", request.getGenerationId(), 1, "png"));
    assertThat(stored.getImageIndex()).isEqualTo(1);
    assertThat(stored.getSeed()).isEqualTo(8);
    assertThat(stored.getContentType()).isEqualTo("image/png");
    assertThat(stored.getSizeBytes()).isEqualTo(file.length);
    assertThat(stored.getSha256()).isEqualTo(Sha256.hex(file));
    assertThat(stored.getRuntimeClass()).isEqualTo(RUNTIME);
    assertThat(ImageIO.read(new ByteArrayInputStream(file)).getWidth()).isEqualTo(128);
    assertThat(new String(file, StandardCharsets.ISO_8859_1))
        .contains("tEXtparameters\0a red apple\nSteps: 25, Sampler: DDIM, ")
        .contains(", Seed: 8, Size: 128x128, ");
    PictureRecord record =
        PictureRecord.fromJson(
            store
                .get(ObjectKeys.imageRecord("default", request.getGenerationId(), 1))
                .orElseThrow());
    assertThat(record.pixelsSha256()).isEqualTo(stored.getPixelsSha256());
    assertThat(record.model()).isEqualTo("starter@" + request.getModel().getDigest());
  }

  @Test
  void anUpscaledPictureIsStoredAsLargeAsItBecame() throws Exception {
    GenerationRequest request = Apple.upscaled(4).toBuilder().setGenerationId(newId()).build();

    submit(request, 0, Apple.latents());

    Stored stored = facts(request, 1).get(0).getStored();
    byte[] file = store.get(stored.getKey()).orElseThrow();
    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(file));
    assertThat(stored.getWidth()).isEqualTo(512);
    assertThat(stored.getHeight()).isEqualTo(512);
    assertThat(picture.getWidth()).isEqualTo(512);
    assertThat(new Color(picture.getRGB(256, 280)).getRed()).as("the apple").isGreaterThan(200);
    assertThat(new Color(picture.getRGB(0, 0)).getBlue()).as("the corner").isGreaterThan(230);
    assertThat(new String(file, StandardCharsets.ISO_8859_1))
        .contains("Size: 128x128, ", ", Postprocess upscale by: 4, Postprocess upscaler: esrgan-");
    PictureRecord record =
        PictureRecord.fromJson(
            store
                .get(ObjectKeys.imageRecord("default", request.getGenerationId(), 0))
                .orElseThrow());
    assertThat(record.upscaler())
        .isEqualTo("esrgan-slim@" + request.getUpscale().getUpscaler().getDigest());
    assertThat(record.pixelsSha256()).isEqualTo(stored.getPixelsSha256());
  }

  /** Of a picture in tiles each run is one of many; else the work would be taken for stalled. */
  @Test
  void whileItGoesOnItsLeaseIsTold() throws Exception {
    GenerationRequest request = request().build();
    AtomicInteger told = new AtomicInteger();

    stage.decode(
        new WorkItem(
            new ImageTask(request.getGenerationId(), 0).key(),
            record(request, 0, Apple.latents()),
            Map.of(),
            request.getGenerationId(),
            1,
            false,
            Instant.now().plus(SOON),
            lease(told::incrementAndGet)));

    assertThat(facts(request, 1).get(0).hasStored()).isTrue();
    assertThat(told)
        .as("before and after it is decoded, and judged, and before it is stored")
        .hasValue(2 * 2 + 1);
  }

  /** Of a record that stays here. */
  private static Lease lease(Runnable progress) {
    return new Lease() {
      @Override
      public boolean lost() {
        return false;
      }

      @Override
      public void onLost(Runnable action) {}

      @Override
      public void progress() {
        progress.run();
      }

      @Override
      public void progress(Duration allowance) {
        progress.run();
      }

      @Override
      public void onEnding(Runnable action) {}
    };
  }

  @Test
  void theSafetyCheckerTellsWhatItFound() throws Exception {
    GenerationRequest request = request().build();

    submit(request, 0, Apple.latents());

    Safety safety = facts(request, 1).get(0).getStored().getSafety();
    assertThat(safety.getFlagged()).isFalse();
    assertThat(safety.getScoresMap()).containsKeys("neutral", "porn");
    assertThat(safety.getChecker().getName()).isEqualTo("nsfwjs");
  }

  @Test
  void aTaskThatComesTwiceIsStoredOnceAndReportedAlike() throws Exception {
    GenerationRequest request = request().build();
    submit(request, 0, Apple.latents());
    Stored first = facts(request, 1).get(0).getStored();

    submit(request, 0, other());

    Stored second = facts(request, 2).get(1).getStored();
    assertThat(second).isEqualTo(first);
  }

  @Test
  void aPictureWaitsForAStoreThatIsAway() throws Exception {
    GenerationRequest request = request().build();
    TestStack.shared().killStore();
    try {
      submit(request, 0, Apple.latents());
      // longer than three attempts would take
      await()
          .during(Duration.ofSeconds(4))
          .atMost(SOON)
          .until(() -> deadLetters(request).isEmpty());
    } finally {
      TestStack.shared().startStore();
    }

    Stored stored = facts(request, 1).get(0).getStored();
    assertThat(store.exists(stored.getKey())).isTrue();
    assertThat(deadLetters(request)).isEmpty();
  }

  private List<ConsumerRecord<String, byte[]>> deadLetters(GenerationRequest request) {
    return reader.all(Topic.DEAD_LETTER.topicName(Stage.DECODER.id())).stream()
        .filter(
            record ->
                request
                    .getGenerationId()
                    .equals(RecordReader.header(record, HeaderNames.GENERATION_ID)))
        .toList();
  }

  @Test
  void latentsThatAreNoneAreAFactAndNoDeadLetter() throws Exception {
    GenerationRequest request = request().setWidth(64).build();

    submit(request, 0, Apple.latents());

    ImageFailed failed = facts(request, 1).get(0).getImageFailed();
    assertThat(failed.getStage()).isEqualTo("decoder");
    assertThat(failed.getCode()).isEqualTo("invalid_tensor");
    assertThat(failed.hasImageIndex()).isTrue();
  }

  @Test
  void whatCannotBeReadIsADeadLetter() {
    String id = newId();

    writer.write(
        Topic.LATENT_DENOISED.topicName(),
        id + "/0",
        new byte[] {(byte) 0xff, 1, 2},
        RecordWriter.headers(id, Instant.now().plus(SOON), "LatentDenoised"));

    ConsumerRecord<String, byte[]> dead =
        reader.ofGeneration(Topic.DEAD_LETTER.topicName(Stage.DECODER.id()), id, 1, SOON).get(0);
    assertThat(RecordReader.header(dead, HeaderNames.DEAD_LETTER_CODE))
        .isEqualTo("unreadable_record");
  }

  private static FloatTensor other() {
    float[] values = Apple.latents().data().clone();
    values[100] += 1;
    return new FloatTensor(Apple.latents().shape(), values);
  }

  private static GenerationRequest.Builder request() {
    return Apple.request().setGenerationId(newId());
  }

  private static String newId() {
    return GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
  }

  private static void submit(GenerationRequest request, int index, FloatTensor latents) {
    writer.write(
        Topic.LATENT_DENOISED.topicName(),
        new ImageTask(request.getGenerationId(), index).key(),
        record(request, index, latents),
        RecordWriter.headers(
            request.getGenerationId(), Instant.now().plus(SOON), "LatentDenoised"));
  }

  private static byte[] record(GenerationRequest request, int index, FloatTensor latents) {
    return LatentDenoised.newBuilder()
        .setRequest(request)
        .setImageIndex(index)
        .setLatents(Payload.newBuilder().setInline(TensorRecords.toFloat32(latents)))
        .setRuntimeClass(RUNTIME)
        .build()
        .toByteArray();
  }

  private List<GenerationEvent> facts(GenerationRequest request, int count) throws Exception {
    List<ConsumerRecord<String, byte[]>> records =
        reader.ofGeneration(
            Topic.GENERATION_EVENT.topicName(), request.getGenerationId(), count, SOON);
    return records.stream().map(DecoderIT::event).toList();
  }

  private static GenerationEvent event(ConsumerRecord<String, byte[]> record) {
    try {
      return GenerationEvent.parseFrom(record.value());
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
