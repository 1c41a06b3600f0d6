package dev.latentline.decoder;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Failure;
import dev.latentline.decoder.decode.LatentDecoders;
import dev.latentline.decoder.picture.Picture;
import dev.latentline.decoder.picture.PictureRecord;
import dev.latentline.decoder.picture.PictureStore;
import dev.latentline.decoder.pixels.Blur;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.decoder.safety.SafetyRule;
import dev.latentline.decoder.upscale.Upscalers;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.payload.Payloads;
import dev.latentline.kit.record.Requests;
import dev.latentline.kit.record.StageFacts;
import dev.latentline.kit.workqueue.Outages;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.LatentDenoised;
import dev.latentline.proto.v1.RuntimeClass;
import dev.latentline.proto.v1.Safety;
import dev.latentline.proto.v1.Stored;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.jboss.logging.Logger;

/**
 * Makes one picture and stores it: decoded from latents, judged, made larger where that is wanted.
 */
@ApplicationScoped
public class DecodeStage {
  private static final Logger LOG = Logger.getLogger(DecodeStage.class);

  private final LatentDecoders decoders;
  private final SafetyRule safety;
  private final Upscalers upscalers;
  private final PictureStore pictures;
  private final Payloads payloads;
  private final StageFacts facts;
  private final String version;

  DecodeStage(
      LatentDecoders decoders,
      SafetyRule safety,
      Upscalers upscalers,
      PictureStore pictures,
      Payloads payloads,
      StageFacts facts,
      @ConfigProperty(name = "quarkus.application.version") String version) {
    this.decoders = decoders;
    this.safety = safety;
    this.upscalers = upscalers;
    this.pictures = pictures;
    this.payloads = payloads;
    this.facts = facts;
    this.version = version;
  }

  @Incoming("latent-denoised")
  @Blocking("decode")
  void decode(WorkItem item) {
    long began = System.nanoTime();
    LatentDenoised record = parse(item);
    // in tiles a large picture takes many minutes
    RunStop stop = new RunStop(item.lease()::progress);
    item.lease().onLost(stop::stop);
    Picture picture;
    PictureRecord stored;
    try {
      picture = picture(record, stop);
      // a large picture would be decoded anew
      stored = Outages.waitOut(item, () -> pictures.store(picture));
    } catch (Failure.Rejected e) {
      facts.imageFailed(item, OptionalInt.of(record.getImageIndex()), e);
      return;
    } catch (RunStoppedException leaseLost) {
      return;
    }
    facts.publish(item, GenerationEvent.newBuilder().setStored(fact(picture, stored)));
    LOG.infof(
        "generation=%s image=%d bytes=%d %dms",
        item.generationId(),
        record.getImageIndex(),
        stored.sizeBytes(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
  }

  private Picture picture(LatentDenoised record, RunStop stop) {
    GenerationRequest request = record.getRequest();
    if (!request.getOutputFormat().equals(Picture.EXTENSION)) {
      throw new Failure.Rejected(
          "unsupported_request", "The output format is not one of those made here: png");
    }
    Pixels decoded =
        decoders.decode(
            request,
            TensorRecords.fromRecord(payloads.get(request.getTenant(), record.getLatents())),
            stop);
    Optional<Safety> verdict = safety.judge(decoded, stop);
    Pixels upscaled = upscalers.upscale(request, decoded, stop);
    Pixels shown = verdict.filter(Safety::getBlurred).map(v -> Blur.of(upscaled)).orElse(upscaled);
    return Picture.of(request, record.getImageIndex(), record.getRuntimeClass(), shown, version)
        .with(verdict);
  }

  private static Stored fact(Picture picture, PictureRecord stored) {
    PictureRecord.Runtime runtime = stored.runtimeClass();
    Stored.Builder fact = Stored.newBuilder();
    if (stored.safety() != null) {
      fact.setSafety(stored.safety().toMessage());
    }
    return fact.setImageIndex(stored.index())
        .setKey(PictureStore.key(picture))
        .setContentType(stored.contentType())
        .setSizeBytes(stored.sizeBytes())
        .setWidth(stored.width())
        .setHeight(stored.height())
        .setSha256(stored.sha256())
        .setPixelsSha256(stored.pixelsSha256())
        .setSeed(stored.seed())
        .setRuntimeClass(
            RuntimeClass.newBuilder()
                .setProvider(runtime.provider())
                .setOnnxruntimeVersion(runtime.onnxruntimeVersion())
                .setDevice(runtime.device())
                .setIntraOpThreads(runtime.intraOpThreads())
                .setBatch(runtime.batch()))
        .build();
  }

  private static LatentDenoised parse(WorkItem item) {
    LatentDenoised record;
    try {
      record = LatentDenoised.parseFrom(item.value());
    } catch (InvalidProtocolBufferException e) {
      throw new Failure.Rejected("unreadable_record", "the value is no LatentDenoised", e);
    }
    Requests.check(item, record.getRequest(), record.getImageIndex());
    return record;
  }
}
