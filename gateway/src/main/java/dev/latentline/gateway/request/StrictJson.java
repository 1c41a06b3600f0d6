package dev.latentline.gateway.request;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** JSON (RFC 8259) as the API takes it: bounded, valid UTF-8, each name once, one object. */
final class StrictJson {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  private StrictJson() {}

  /** The object, unless something is wrong with it, which is then noted. */
  static Optional<ObjectNode> read(byte[] body, Problems problems) {
    return read(body, Limits.MAX_JSON_BYTES, problems);
  }

  static Optional<ObjectNode> read(byte[] body, int maxBytes, Problems problems) {
    if (body.length > maxBytes) {
      return refuse(problems, "too_large", "The body is longer than " + maxBytes + " bytes");
    }
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(body))
              .toString();
    } catch (CharacterCodingException e) {
      return refuse(problems, "invalid_utf8", "The body is not valid UTF-8");
    }
    if (depth(text) > Limits.MAX_JSON_DEPTH) {
      return refuse(
          problems,
          "too_deep",
          "The body is nested deeper than " + Limits.MAX_JSON_DEPTH + " levels");
    }
    try {
      JsonNode root = JSON.readTree(text);
      return root instanceof ObjectNode object
          ? Optional.of(object)
          : refuse(problems, "wrong_type", "The body must be one JSON object");
    } catch (JsonProcessingException e) {
      String at = at(e.getLocation());
      return e.getOriginalMessage().startsWith("Duplicate")
          ? refuse(problems, "duplicate", "An object has the same name twice" + at)
          : refuse(problems, "invalid_json", "The body is not valid JSON" + at);
    }
  }

  static byte[] write(JsonNode node) {
    try {
      return JSON.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Of what is open at once, strings left out; the parser would recurse that often. */
  private static int depth(String text) {
    int open = 0;
    int deepest = 0;
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted) {
        if (c == '\\') {
          i++;
        } else if (c == '"') {
          quoted = false;
        }
      } else if (c == '"') {
        quoted = true;
      } else if (c == '{' || c == '[') {
        deepest = Math.max(deepest, ++open);
      } else if (c == '}' || c == ']') {
        open--;
      }
    }
    return deepest;
  }

  private static String at(JsonLocation location) {
    return location == null
        ? ""
        : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
  }

  private static Optional<ObjectNode> refuse(Problems problems, String code, String message) {
    problems.add(new FieldError("", code, message));
    return Optional.empty();
  }
}
