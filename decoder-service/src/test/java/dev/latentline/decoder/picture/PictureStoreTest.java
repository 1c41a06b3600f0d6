package dev.latentline.decoder.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Sha256;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.RuntimeClass;
import dev.latentline.proto.v1.Safety;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PictureStoreTest {
  private static final String FILE = "images/default/gen_1/2.png";
  private static final String RECORD = "images/default/gen_1/2.json";

  private final Objects objects = new Objects();
  private final PictureStore pictures = new PictureStore(objects);

  @Test
  void storesTheFileAndItsRecord() throws Exception {
    Picture picture = picture(1, "cpu", "1");

    PictureRecord stored = pictures.store(picture);

    assertThat(objects.map.get(FILE)).isEqualTo(picture.file());
    assertThat(PictureRecord.fromJson(objects.map.get(RECORD))).isEqualTo(stored);
    assertThat(stored.sha256()).isEqualTo(Sha256.hex(picture.file()));
    assertThat(stored.pixelsSha256()).isEqualTo(picture.pixels().sha256());
    assertThat(stored.seed()).isEqualTo(9);
    assertThat(stored.index()).isEqualTo(2);
    assertThat(new String(objects.map.get(RECORD), StandardCharsets.UTF_8))
        .contains("\"pixels_sha256\" : \"" + stored.pixelsSha256() + "\"")
        .contains("\"model\" : \"starter@sha256:00\"")
        .contains("\"onnxruntime_version\" : \"1.29.0\"")
        .contains("\"prompt\" : \"a red apple\"");
  }

  @Test
  void whatWorkedOnThePictureIsInItsRecord() throws Exception {
    Picture plain = picture(1, "cpu", "1");
    GenerationRequest.Builder request = plain.request().toBuilder();
    request
        .getUpscaleBuilder()
        .setFactor(2)
        .setUpscaler(ModelRef.newBuilder().setName("esrgan").setDigest("sha256:11"));
    Safety safety =
        Safety.newBuilder()
            .setChecker(ModelRef.newBuilder().setName("checker").setDigest("sha256:22"))
            .putScores("safe", 0.25f)
            .putScores("not", 0.75f)
            .setFlagged(true)
            .setThreshold(0.5f)
            .build();

    PictureRecord stored =
        pictures.store(
            Picture.of(request.build(), 2, plain.runtime(), plain.pixels(), "1")
                .with(Optional.of(safety)));

    assertThat(stored.upscaler()).isEqualTo("esrgan@sha256:11");
    assertThat(stored.parameters().upscale()).isEqualTo(2);
    assertThat(stored.safety().toMessage()).isEqualTo(safety);
    assertThat(PictureRecord.fromJson(objects.map.get(RECORD))).isEqualTo(stored);
    assertThat(new String(objects.map.get(RECORD), StandardCharsets.UTF_8))
        .contains("\"upscaler\" : \"esrgan@sha256:11\"")
        .contains("\"flagged\" : true")
        .contains("\"checker\" : \"checker@sha256:22\"");
  }

  @Test
  void nothingIsSaidOfWhatDidNotHappen() {
    pictures.store(picture(1, "cpu", "1"));

    assertThat(new String(objects.map.get(RECORD), StandardCharsets.UTF_8))
        .contains("\"upscale\" : 1")
        .doesNotContain("upscaler", "safety");
  }

  @Test
  void aSecondAttemptChangesNothingAndReportsTheSame() {
    PictureRecord first = pictures.store(picture(1, "cpu", "1"));
    Map<String, byte[]> before = new TreeMap<>(objects.map);

    PictureRecord second = pictures.store(picture(1, "cpu", "1"));

    assertThat(second).isEqualTo(first);
    assertThat(objects.map).isEqualTo(before);
  }

  @Test
  void anAttemptThatStoppedBetweenFileAndRecordIsFinished() {
    pictures.store(picture(1, "cpu", "1"));
    byte[] record = objects.map.remove(RECORD);

    pictures.store(picture(1, "cpu", "1"));

    assertThat(objects.map.get(RECORD)).isEqualTo(record);
  }

  @Test
  void anotherPictureThatIsThereStaysAndIsReported() {
    PictureRecord first = pictures.store(picture(1, "cpu", "1"));
    byte[] file = objects.map.get(FILE);

    PictureRecord second = pictures.store(picture(200, "cuda", "1"));

    assertThat(second).isEqualTo(first);
    assertThat(second.runtimeClass().provider()).isEqualTo("cpu");
    assertThat(objects.map.get(FILE)).isEqualTo(file);
  }

  @Test
  void anotherPictureWithoutARecordIsMeasured() {
    PictureRecord first = pictures.store(picture(1, "cpu", "1"));
    objects.map.remove(RECORD);

    PictureRecord second = pictures.store(picture(200, "cpu", "1"));

    assertThat(second).isEqualTo(first);
    assertThat(objects.map).containsKey(RECORD);
  }

  @Test
  void theSamePixelsInAFileOfAnotherVersionAreNoOtherPicture() {
    PictureRecord first = pictures.store(picture(1, "cpu", "1"));

    PictureRecord second = pictures.store(picture(1, "cpu", "2"));

    assertThat(second.sha256()).isEqualTo(first.sha256());
    assertThat(second.pixelsSha256()).isEqualTo(first.pixelsSha256());
  }

  @Test
  void somethingElseAtThePicturesKeyIsRejected() {
    objects.map.put(FILE, new byte[] {1, 2, 3});

    assertThatThrownBy(() -> pictures.store(picture(1, "cpu", "1")))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("foreign_object"));
  }

  private static Picture picture(int shade, String provider, String version) {
    byte[] rgb = new byte[3 * 4];
    rgb[5] = (byte) shade;
    return Picture.of(
        GenerationRequest.newBuilder()
            .setGenerationId("gen_1")
            .setTenant("default")
            .setModel(ModelRef.newBuilder().setName("starter").setDigest("sha256:00"))
            .setPrompt("a red apple")
            .setSeed(7)
            .setSteps(25)
            .setWidth(2)
            .setHeight(2)
            .build(),
        2,
        RuntimeClass.newBuilder().setProvider(provider).setOnnxruntimeVersion("1.29.0").build(),
        new Pixels(2, 2, rgb),
        version);
  }

  private static final class Objects implements BlobStore {
    private final Map<String, byte[]> map = new TreeMap<>();

    @Override
    public void put(String key, byte[] bytes, String contentType) {
      map.put(key, bytes);
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes, String contentType) {
      return map.putIfAbsent(key, bytes) == null;
    }

    @Override
    public Optional<byte[]> get(String key) {
      return Optional.ofNullable(map.get(key));
    }

    @Override
    public boolean exists(String key) {
      return map.containsKey(key);
    }

    @Override
    public void delete(String key) {
      map.remove(key);
    }

    @Override
    public List<String> list(String prefix, String after, int max) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<String> listOlder(Instant than, String prefix, String after, int max) {
      throw new UnsupportedOperationException();
    }
  }
}
