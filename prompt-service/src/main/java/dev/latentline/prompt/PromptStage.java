package dev.latentline.prompt;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Failure;
import dev.latentline.contract.Stage;
import dev.latentline.kit.record.Records;
import dev.latentline.kit.record.Requests;
import dev.latentline.kit.record.StageFacts;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.prompt.read.PromptReader;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.GenerationRequested;
import dev.latentline.proto.v1.PromptTokenized;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.OptionalInt;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Takes a generation that was let into the line and hands its token ids to the encoder. */
@ApplicationScoped
public class PromptStage {
  private final PromptReader prompts;
  private final StageFacts facts;
  private final MutinyEmitter<byte[]> tokenized;

  PromptStage(
      PromptReader prompts,
      StageFacts facts,
      @Channel("prompt-tokenized") MutinyEmitter<byte[]> tokenized) {
    this.prompts = prompts;
    this.facts = facts;
    this.tokenized = tokenized;
  }

  @Incoming("generation-requested")
  @Blocking("stage")
  void tokenize(WorkItem item) {
    GenerationRequest request = parse(item);
    PromptTokenized result;
    try {
      result =
          PromptTokenized.newBuilder()
              .setRequest(request)
              .addAllConditionings(prompts.read(request))
              .build();
    } catch (Failure.Rejected e) {
      facts.imageFailed(item, OptionalInt.empty(), e);
      return;
    }
    Records.send(tokenized, Records.following(Stage.PROMPT, item, item.key(), result));
  }

  private static GenerationRequest parse(WorkItem item) {
    GenerationRequest request;
    try {
      request = GenerationRequested.parseFrom(item.value()).getRequest();
    } catch (InvalidProtocolBufferException e) {
      throw new Failure.Rejected("unreadable_record", "the value is no GenerationRequested", e);
    }
    Requests.check(item, request);
    return request;
  }
}
