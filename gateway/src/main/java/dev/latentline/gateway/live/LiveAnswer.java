package dev.latentline.gateway.live;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.rest.GenerationJson;

/**
 * What a client of live mode is sent as text. Each number is answered once.
 *
 * @param type {@code frame}, whose picture is the next binary message; {@code dropped}, because
 *     something newer came first; {@code failed}; {@code refused}
 * @param seq of the message that is answered; absent where it had none that can be used
 * @param generation of a frame and of one that failed
 * @param problem of one that was refused
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record LiveAnswer(
    @JsonProperty("type") String type,
    @JsonProperty("seq") Long seq,
    @JsonProperty("generation") GenerationJson generation,
    @JsonProperty("problem") Problem problem) {
  private static final JsonMapper JSON = new JsonMapper();

  static LiveAnswer frame(long seq, GenerationView view) {
    return new LiveAnswer("frame", seq, GenerationJson.of(view), null);
  }

  static LiveAnswer dropped(long seq) {
    return new LiveAnswer("dropped", seq, null, null);
  }

  static LiveAnswer failed(long seq, GenerationView view) {
    return new LiveAnswer("failed", seq, GenerationJson.of(view), null);
  }

  static LiveAnswer refused(Long seq, Problem problem) {
    return new LiveAnswer("refused", seq, null, problem);
  }

  String json() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
