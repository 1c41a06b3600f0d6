package dev.latentline.gateway.owner;

import dev.latentline.contract.Failure;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.gateway.decide.Effect;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.Outcome;
import dev.latentline.gateway.fold.Reason;
import dev.latentline.gateway.line.Facts;
import dev.latentline.gateway.webhook.WebhookDeliveries;
import dev.latentline.gateway.webhook.WebhookOutbox;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.Cancelled;
import dev.latentline.proto.v1.DeadlinePassed;
import dev.latentline.proto.v1.Dispatched;
import dev.latentline.proto.v1.Failed;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Settled;
import dev.latentline.proto.v1.Succeeded;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.jboss.logging.Logger;

/**
 * Carries effects out, each ending with the fact that marks it. Every call blocks until broker and
 * store have what they must, and throws {@code Failure.Retryable} when one of them is away.
 */
@ApplicationScoped
class EffectRunner {
  /** Of one answer of the store. */
  private static final int PAGE = 100;

  private static final Logger LOG = Logger.getLogger(EffectRunner.class);

  private final Facts facts;
  private final Orders orders;
  private final BlobStore store;
  private final WebhookOutbox webhooks;

  EffectRunner(Facts facts, Orders orders, BlobStore store, WebhookOutbox webhooks) {
    this.facts = facts;
    this.orders = orders;
    this.store = store;
    this.webhooks = webhooks;
  }

  void run(GenerationState state, Effect effect) {
    GenerationRequest request = state.request();
    if (effect instanceof Effect.Dispatch) {
      orders.dispatch(request);
      facts.publish(request, fact().setDispatched(Dispatched.getDefaultInstance()));
    } else if (effect instanceof Effect.NoteDeadline) {
      facts.publish(request, fact().setDeadlinePassed(DeadlinePassed.getDefaultInstance()));
    } else if (effect instanceof Effect.End end) {
      // a stage may be at work also where every image has ended: at one that was given up, or at a
      // record that is in the line before the mark of its dispatch
      if (end.outcome().kind() != Outcome.Kind.SUCCEEDED) {
        orders.cancel(request);
      }
      facts.publish(request, terminal(end.outcome()));
    } else if (effect instanceof Effect.Settle && request.getLive()) {
      remove(ObjectKeys.images(request.getTenant(), request.getGenerationId()));
      removeStepRecords(request);
      facts.publish(request, fact().setSettled(Settled.getDefaultInstance()));
    } else if (effect instanceof Effect.Settle) {
      // the first one that was written stays: every owner writes the same
      store.putIfAbsent(
          ObjectKeys.manifest(request.getTenant(), state.id()),
          Manifests.of(state),
          "application/json");
      removeStepRecordsIfItCanBe(request);
      // after all else that may fail: it would be delivered once more each time
      WebhookDeliveries.of(state).ifPresent(webhooks::handOver);
      facts.publish(request, fact().setSettled(Settled.getDefaultInstance()));
    }
  }

  /** What is left is swept up in two days. */
  private void removeStepRecordsIfItCanBe(GenerationRequest request) {
    try {
      removeStepRecords(request);
    } catch (Failure away) {
      LOG.warnf(
          "generation=%s its step records are not removed: %s",
          request.getGenerationId(), away.code());
    }
  }

  /** Nobody goes on with a picture of an ended generation. */
  private void removeStepRecords(GenerationRequest request) {
    remove(ObjectKeys.steps(request.getTenant(), request.getGenerationId()));
  }

  private void remove(String prefix) {
    String last = "";
    List<String> page;
    do {
      page = store.list(prefix, last, PAGE);
      for (String key : page) {
        store.delete(key);
        last = key;
      }
    } while (page.size() == PAGE);
  }

  private static GenerationEvent.Builder fact() {
    return GenerationEvent.newBuilder();
  }

  private static GenerationEvent.Builder terminal(Outcome outcome) {
    return switch (outcome.kind()) {
      case SUCCEEDED -> fact().setSucceeded(Succeeded.getDefaultInstance());
      case CANCELLED -> fact().setCancelled(Cancelled.getDefaultInstance());
      case FAILED -> {
        Reason reason = outcome.reason().orElseThrow();
        yield fact()
            .setFailed(Failed.newBuilder().setCode(reason.code()).setMessage(reason.message()));
      }
    };
  }
}
