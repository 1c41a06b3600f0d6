package dev.latentline.encoder;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.encoder.picture.ControlPictures;
import dev.latentline.encoder.picture.MaskedPictures;
import dev.latentline.encoder.picture.PromptPictures;
import dev.latentline.encoder.text.EncodedText;
import dev.latentline.encoder.text.ModelTextEncoders;
import dev.latentline.encoder.text.TextModel;
import dev.latentline.encoder.text.TextOptions;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.payload.Payloads;
import dev.latentline.kit.record.PromptsByImage;
import dev.latentline.kit.record.Records;
import dev.latentline.kit.record.Requests;
import dev.latentline.kit.record.StageFacts;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.Encoded;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.PromptTokenized;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.Tensor;
import dev.latentline.proto.v1.TokenIds;
import dev.latentline.proto.v1.TokenizedConditioning;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/**
 * Encodes the texts and pictures of a generation and hands each of its image tasks to the
 * denoisers.
 */
@ApplicationScoped
public class EncodeStage {
  private final ModelTextEncoders encoders;
  private final MaskedPictures pictures;
  private final ControlPictures controls;
  private final PromptPictures prompts;
  private final Payloads payloads;
  private final StageFacts facts;
  private final MutinyEmitter<byte[]> ready;

  EncodeStage(
      ModelTextEncoders encoders,
      MaskedPictures pictures,
      ControlPictures controls,
      PromptPictures prompts,
      Payloads payloads,
      StageFacts facts,
      @Channel("embedding-ready") MutinyEmitter<byte[]> ready) {
    this.encoders = encoders;
    this.pictures = pictures;
    this.controls = controls;
    this.prompts = prompts;
    this.payloads = payloads;
    this.facts = facts;
    this.ready = ready;
  }

  @Incoming("prompt-tokenized")
  @Blocking("stage")
  void encode(WorkItem item) {
    PromptTokenized tokenized = parse(item);
    // many texts take many minutes, and so may a text encoder that must be loaded first
    RunStop stop = new RunStop(item.lease()::progress);
    item.lease().onLost(stop::stop);
    // of each picture, encoded before any of them goes on
    List<EmbeddingReady> tasks = new ArrayList<>();
    try {
      Seen seen = seen(tokenized, stop);
      for (List<Integer> images : PromptsByImage.groups(tokenized.getRequest())) {
        tasks.addAll(tasks(tokenized, images, seen, stop));
      }
    } catch (Failure.Rejected e) {
      facts.imageFailed(item, OptionalInt.empty(), e);
      return;
    } catch (RunStoppedException leaseLost) {
      return;
    }
    GenerationRequest request = tokenized.getRequest();
    String topic = Topic.EMBEDDING_READY.topicName(request.getPool());
    for (EmbeddingReady task : tasks) {
      String key = new ImageTask(request.getGenerationId(), task.getImageIndex()).key();
      Records.send(ready, Records.to(topic, Records.following(Stage.ENCODER, item, key, task)));
    }
    facts.publish(
        item,
        GenerationEvent.newBuilder()
            .setEncoded(
                Encoded.newBuilder()
                    .setPromptTokensCut(cut(tokenized, Role.POSITIVE))
                    .setNegativePromptTokensCut(cut(tokenized, Role.NEGATIVE))));
  }

  /**
   * What becomes of the client's pictures: the same for all that are made, and made once, since one
   * of 16 megapixels takes a second.
   *
   * @param prompts by index of the request's image_prompts
   */
  private record Seen(List<Tensor> controls, Map<Integer, FloatTensor> prompts) {}

  private Seen seen(PromptTokenized tokenized, RunStop stop) {
    List<Integer> indices =
        tokenized.getConditioningsList().stream()
            .filter(TokenizedConditioning::hasImagePrompt)
            .map(TokenizedConditioning::getImagePrompt)
            .distinct()
            .toList();
    return new Seen(
        controls.of(tokenized.getRequest()),
        prompts.conditionings(tokenized.getRequest(), indices, stop));
  }

  /** Of pictures that are made from the same prompts. */
  private List<EmbeddingReady> tasks(
      PromptTokenized tokenized, List<Integer> images, Seen seen, RunStop stop) {
    int first = images.get(0);
    GenerationRequest request = PromptsByImage.of(tokenized.getRequest(), first);
    List<TokenizedConditioning> texts =
        tokenized.getConditioningsList().stream()
            .filter(text -> text.getImagesCount() == 0 || text.getImagesList().contains(first))
            .toList();
    EmbeddingReady encoded = encode(request, texts, seen, stop);
    return images.stream()
        .map(index -> encoded.toBuilder().setRequest(request).setImageIndex(index).build())
        .toList();
  }

  /** What is the same for all of the pictures. */
  private EmbeddingReady encode(
      GenerationRequest request, List<TokenizedConditioning> texts, Seen seen, RunStop stop) {
    EmbeddingReady.Builder all = EmbeddingReady.newBuilder();
    Outgoing outgoing = new Outgoing();
    // behind the states: they are small, and one list keeps the record within its limit
    Outgoing small = new Outgoing();
    for (TokenizedConditioning text : texts) {
      Conditioning.Builder conditioning =
          all.addConditioningsBuilder()
              .setRole(text.getRole())
              .setWeight(text.getWeight())
              .setStart(text.getStart())
              .setEnd(text.getEnd())
              .addAllSteps(text.getStepsList());
      if (text.hasImagePrompt()) {
        outgoing.add(seen.prompts().get(text.getImagePrompt()), conditioning::setEmbedding);
        continue;
      }
      EncodedText encoded =
          encode(request, TextModel.of(request), text, text.getEncodersList(), stop);
      outgoing.add(encoded.states(), conditioning::setEmbedding);
      encoded.pooled().ifPresent(pooled -> small.add(pooled, conditioning::setPooled));
      if (request.hasRefiner()) {
        TextModel refiner = TextModel.ofRefiner(request);
        EncodedText again = encode(request, refiner, text, text.getRefinerEncodersList(), stop);
        outgoing.add(again.states(), conditioning::setRefinerEmbedding);
        again.pooled().ifPresent(pooled -> small.add(pooled, conditioning::setRefinerPooled));
      }
    }
    pictures
        .allMasked(request.getModel(), request.getWidth(), request.getHeight(), stop)
        .ifPresent(masked -> small.add(masked, all::setMaskedPicture));
    for (Tensor picture : seen.controls()) {
      int index = all.getControlPicturesCount();
      all.addControlPictures(Payload.getDefaultInstance());
      small.add(picture, payload -> all.setControlPictures(index, payload));
    }
    outgoing.add(small);
    outgoing.store(request.getTenant());
    return all.build();
  }

  /** Tensors of one record, each with its place in it. */
  private final class Outgoing {
    private final List<Tensor> tensors = new ArrayList<>();
    private final List<Consumer<Payload>> places = new ArrayList<>();

    void add(FloatTensor tensor, Consumer<Payload> place) {
      add(TensorRecords.toFloat32(tensor), place);
    }

    void add(Tensor tensor, Consumer<Payload> place) {
      tensors.add(tensor);
      places.add(place);
    }

    void add(Outgoing others) {
      tensors.addAll(others.tensors);
      places.addAll(others.places);
    }

    void store(String tenant) {
      Iterator<Payload> stored = payloads.putAll(tenant, tensors).iterator();
      places.forEach(place -> place.accept(stored.next()));
    }
  }

  /**
   * @param model the request's, or its refiner
   */
  private EncodedText encode(
      GenerationRequest request,
      TextModel model,
      TokenizedConditioning text,
      List<TokenIds> ids,
      RunStop stop) {
    TextOptions options = TextOptions.of(request);
    return text.getRole() == Role.NEGATIVE && request.getNegativePrompt().isEmpty()
        ? encoders.encodeNothing(model, ids, options, stop)
        : encoders.encode(model, ids, options, stop);
  }

  private static int cut(PromptTokenized tokenized, Role role) {
    return tokenized.getConditioningsList().stream()
        .filter(text -> text.getRole() == role)
        .flatMap(text -> text.getEncodersList().stream())
        .mapToInt(TokenIds::getCut)
        .max()
        .orElse(0);
  }

  private static PromptTokenized parse(WorkItem item) {
    PromptTokenized tokenized;
    try {
      tokenized = PromptTokenized.parseFrom(item.value());
    } catch (InvalidProtocolBufferException e) {
      throw new Failure.Rejected("unreadable_record", "the value is no PromptTokenized", e);
    }
    Requests.check(item, tokenized.getRequest());
    return tokenized;
  }
}
