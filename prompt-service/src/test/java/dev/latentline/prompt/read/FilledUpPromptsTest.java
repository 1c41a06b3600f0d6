package dev.latentline.prompt.read;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.prompt.tokenize.ModelTokenizers;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.TokenizedConditioning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model whose text encoder has chunks as long as CLIP's, with the starter's tokenizer. */
class FilledUpPromptsTest {
  /** Tokens of a chunk without what frames it. */
  private static final int ROOM = 75;

  @TempDir static Path folder;

  private static Catalogue catalogue;
  private static ModelTokenizers tokenizers;

  @BeforeAll
  static void open() throws IOException {
    Path starter =
        Path.of(System.getProperty("latentline.home"), "models/target/catalogue/starter");
    write(starter, "plain", 32, false);
    write(starter, "chunked", ROOM + 2, true);
    write(starter, "long", 4096, false);
    Files.writeString(folder.resolve("pools.yaml"), "default: [plain, chunked, long]\n");
    catalogue = Catalogue.open(folder);
    tokenizers = new ModelTokenizers(catalogue);
  }

  private static void write(Path starter, String name, int maxTokens, boolean chunks)
      throws IOException {
    ObjectNode manifest =
        (ObjectNode) new ObjectMapper().readTree(starter.resolve("manifest.json").toFile());
    manifest.put("name", name);
    ObjectNode encoder = (ObjectNode) manifest.at("/text_encoders/0");
    encoder.put("max_tokens", maxTokens).put("chunks", chunks).put("pad_id", 0);
    Path model = Files.createDirectories(folder.resolve(name));
    for (String file : List.of("tokenizer/tokenizer.json", "scheduler/scheduler_config.json")) {
      Files.createDirectories(model.resolve(file).getParent());
      Files.copy(starter.resolve(file), model.resolve(file));
    }
    Files.writeString(model.resolve("manifest.json"), manifest.toString());
  }

  @AfterAll
  static void close() {
    tokenizers.close();
  }

  @Test
  void chunksThatFillUpCountAsWhatTheyBecome() {
    GenerationRequest eight = request("chunked", alternatives(7), 8 * ROOM).build();
    GenerationRequest nine = request("chunked", alternatives(8), 8 * ROOM).build();

    assertThat(read(eight))
        .hasSize(8)
        .allSatisfy(text -> assertThat(text.getEncoders(0).getChunksCount()).isEqualTo(8));
    assertUnsupported(
        nine, "9 different texts, each filled up to 616 tokens: 5544 together; at most 5000");
  }

  @Test
  void asManyTextsAsThereCanBeHaveTwoChunks() {
    assertThat(read(request("chunked", alternatives(31), 2 * ROOM).build())).hasSize(32);
    assertUnsupported(
        request("chunked", alternatives(31), 2 * ROOM + 1).build(),
        "32 different texts, each filled up to 231 tokens: 7392 together; at most 5000");
  }

  @Test
  void aLongNegativePromptHasRoomBesideAFewAlternatives() {
    assertThat(read(request("chunked", "a [cat|dog|fox] in " + alternatives(2), 500).build()))
        .hasSize(7);
  }

  @Test
  void aPromptAndANegativePromptGoTogetherWithEveryModel() {
    assertThat(read(request("long", "a cat", 4100).build())).hasSize(2);
    assertUnsupported(
        request("long", alternatives(2), 1).build(),
        "3 different texts, each filled up to 4096 tokens: 12288 together; at most 8192");
  }

  @Test
  void picturesAreFilledUpToo() {
    GenerationRequest.Builder request = request("chunked", alternatives(6), 8 * ROOM);
    request.addImagePromptsBuilder().setWeight(1);
    assertThat(read(request.build())).hasSize(8);
    request.addImagePromptsBuilder().setWeight(1);

    assertUnsupported(
        request.build(), "7 different texts, beside 2 pictures, each filled up to 616 tokens");
  }

  @Test
  void aRefinersTextsHaveTheSameLimit() {
    GenerationRequest.Builder request = request("plain", alternatives(3), 1);
    request.getRefinerBuilder().setRefiner(model("chunked"));

    assertThat(new PromptReader(tokenizers, 4 * 77).read(request.build())).hasSize(4);
    assertThatThrownBy(() -> new PromptReader(tokenizers, 4 * 77 - 1).read(request.build()))
        .hasMessageContaining("each filled up to 77 tokens: 308 together");
  }

  private static String alternatives(int count) {
    return IntStream.range(0, count).mapToObj(Integer::toString).collect(joining("|", "[", "]"));
  }

  private static List<TokenizedConditioning> read(GenerationRequest request) {
    return new PromptReader(tokenizers).read(request);
  }

  private static void assertUnsupported(GenerationRequest request, String message) {
    assertThatThrownBy(() -> read(request))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_prompt"))
        .hasMessageContaining(message);
  }

  private static GenerationRequest.Builder request(
      String model, String prompt, int negativeTokens) {
    return GenerationRequest.newBuilder()
        .setModel(model(model))
        .setPromptSyntax("a1111")
        .setPrompt(prompt)
        .setNegativePrompt("apple ".repeat(negativeTokens))
        .setCount(1)
        .setSteps(150);
  }

  private static ModelRef model(String name) {
    return ModelRef.newBuilder()
        .setName(name)
        .setDigest(catalogue.find(name).orElseThrow().digest())
        .build();
  }
}
