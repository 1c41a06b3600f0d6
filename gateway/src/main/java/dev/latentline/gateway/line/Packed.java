package dev.latentline.gateway.line;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.Unfold;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * A settled generation in few bytes: its facts, compressed; prompts and metadata apart, which can
 * be left out. Immutable.
 */
final class Packed {
  private static final byte[] LEFT_OUT = {};

  private final byte[] facts;
  private final byte[] texts;
  private final long lastOffset;
  private final long endedAtMs;

  private Packed(byte[] facts, byte[] texts, long lastOffset, long endedAtMs) {
    this.facts = facts;
    this.texts = texts;
    this.lastOffset = lastOffset;
    this.endedAtMs = endedAtMs;
  }

  static Packed of(GenerationState settled) {
    GenerationRequest request = settled.request();
    GenerationRequest texts =
        GenerationRequest.newBuilder()
            .setPrompt(request.getPrompt())
            .setNegativePrompt(request.getNegativePrompt())
            .addAllExpandedPrompts(request.getExpandedPromptsList())
            .putAllMetadata(request.getMetadataMap())
            .build();
    return new Packed(
        compressed(
            out -> {
              for (GenerationEvent fact : Unfold.facts(settled.withoutTexts())) {
                out.writeMessageNoTag(fact);
              }
            }),
        compressed(out -> out.writeMessageNoTag(texts)),
        settled.lastOffset(),
        settled.endedAtMs().orElseThrow());
  }

  /** The same with neither prompts nor metadata. */
  Packed withoutTexts() {
    return new Packed(facts, LEFT_OUT, lastOffset, endedAtMs);
  }

  int factBytes() {
    return facts.length;
  }

  int textBytes() {
    return texts.length;
  }

  long endedAtMs() {
    return endedAtMs;
  }

  GenerationState state() {
    try {
      Optional<GenerationState> state = Optional.empty();
      CodedInputStream in = plain(facts);
      while (!in.isAtEnd()) {
        GenerationEvent fact = GenerationEvent.parseFrom(in.readByteArray());
        state = Fold.apply(state, fact.hasAccepted() ? withTexts(fact) : fact, lastOffset);
      }
      return state.orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException("what was written here is read here", e);
    }
  }

  private GenerationEvent withTexts(GenerationEvent accepted) throws IOException {
    if (texts.length == 0) {
      return accepted;
    }
    GenerationEvent.Builder whole = accepted.toBuilder();
    whole.getAcceptedBuilder().getRequestBuilder().mergeFrom(plain(texts).readByteArray());
    return whole.build();
  }

  private interface Content {
    void writeTo(CodedOutputStream out) throws IOException;
  }

  private static byte[] compressed(Content content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream compressing = new DeflaterOutputStream(bytes)) {
      CodedOutputStream out = CodedOutputStream.newInstance(compressing);
      content.writeTo(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("memory takes all that is written", e);
    }
    return bytes.toByteArray();
  }

  private static CodedInputStream plain(byte[] compressed) throws IOException {
    try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(compressed))) {
      return CodedInputStream.newInstance(in.readAllBytes());
    }
  }
}
