package dev.latentline.gateway.request;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a client of live mode sends: {@code {"seq": 17, "request": {...}}}, the request as the body
 * of POST /v1/generations.
 *
 * @param seq the client's own number; empty where there is none that can be used
 * @param request still to be validated
 * @param errors what is wrong with the message around the request; empty when nothing is
 */
public record LiveMessage(OptionalLong seq, byte[] request, List<FieldError> errors) {
  public LiveMessage {
    errors = List.copyOf(errors);
  }

  /**
   * Reads one message. Pure.
   *
   * @param above the highest number that came before; this one must be higher
   */
  public static LiveMessage read(byte[] message, long above) {
    Problems problems = new Problems();
    Optional<ObjectNode> object = StrictJson.read(message, Limits.MAX_LIVE_MESSAGE_BYTES, problems);
    if (object.isEmpty()) {
      return new LiveMessage(OptionalLong.empty(), new byte[0], problems.all());
    }
    Fields fields = new Fields(object.get(), "", problems);
    fields.refuseAllBut(List.of("seq", "request"));
    if (!fields.has("seq")) {
      fields.add("seq", "missing", "Number the message, higher than the one before");
    }
    if (!fields.has("request")) {
      fields.add("request", "missing", "Say what is wanted, as in POST /v1/generations");
    }
    OptionalLong seq = fields.integer("seq", above + 1, Limits.MAX_SEED);
    fields.object("request");
    byte[] request =
        problems.all().isEmpty() ? StrictJson.write(object.get().get("request")) : new byte[0];
    return new LiveMessage(seq, request, problems.all());
  }
}
