package dev.latentline.gateway.rest;

import dev.latentline.contract.Failure;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.InputIds;
import dev.latentline.gateway.egress.AddressCheck;
import dev.latentline.gateway.egress.EgressPolicy;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.input.Inputs;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import dev.latentline.gateway.request.Arrival;
import dev.latentline.gateway.request.FieldError;
import dev.latentline.gateway.request.OfferedModels;
import dev.latentline.gateway.request.RequestValidator;
import dev.latentline.gateway.request.Validated;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.inference.catalogue.UpscalerCard;
import dev.latentline.proto.v1.GenerationRequest;
import jakarta.inject.Singleton;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A body becomes a request, or a problem. */
@Singleton
class Submission {
  private final RequestValidator validator;
  private final AddressCheck addresses;
  private final Inputs inputs;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  Submission(
      Catalogue catalogue,
      Presets presets,
      EgressPolicy egress,
      AddressCheck addresses,
      Inputs inputs,
      Clock clock) {
    this.validator = new RequestValidator(new Offered(catalogue), presets, egress::problem);
    this.addresses = addresses;
    this.inputs = inputs;
    this.clock = clock;
  }

  /**
   * A request under a new id. Asks the store for the pictures that it names, and the name server of
   * a webhook.
   *
   * @throws ProblemException 400 with everything that is wrong
   * @throws Failure.Retryable when the store is away, or a name server is slow
   */
  GenerationRequest validate(byte[] body, String tenant) {
    GenerationRequest request = valid(validator.validate(body, arrival(tenant)));
    checkInputs(request);
    checkWebhook(request);
    return request;
  }

  /**
   * A frame of live mode under a new id.
   *
   * @throws ProblemException 400 with everything that is wrong
   */
  GenerationRequest validateLive(byte[] body, String tenant) {
    return valid(validator.validateLive(body, arrival(tenant)));
  }

  /**
   * A request that nothing is made of: no name server is asked.
   *
   * @throws ProblemException 400 with everything that is wrong
   */
  GenerationRequest validateOnly(byte[] body, String tenant) {
    return valid(validator.validate(body, arrival(tenant)));
  }

  private Arrival arrival(String tenant) {
    long now = clock.millis();
    return new Arrival(GenerationIds.create(now, random), tenant, now, random.nextLong());
  }

  private static GenerationRequest valid(Validated validated) {
    if (validated instanceof Validated.Valid valid) {
      return valid.request();
    }
    throw new ProblemException(Problem.invalid(((Validated.Invalid) validated).errors()));
  }

  /** After what takes no store; a picture is asked for once, however often it is named. */
  private void checkInputs(GenerationRequest request) {
    Map<String, String> named = new LinkedHashMap<>();
    for (int i = 0; i < request.getControlsCount(); i++) {
      named.put("controls[" + i + "].image.input", request.getControls(i).getInput());
    }
    for (int i = 0; i < request.getImagePromptsCount(); i++) {
      named.put("image_prompts[" + i + "].image.input", request.getImagePrompts(i).getInput());
    }
    Map<String, Boolean> there = new HashMap<>();
    List<FieldError> missing = new ArrayList<>();
    named.forEach(
        (field, sha256) -> {
          if (!there.computeIfAbsent(
              sha256, each -> inputs.exists(request.getTenant(), InputIds.of(each)))) {
            missing.add(
                new FieldError(
                    field,
                    "unknown_input",
                    "There is no such picture, or it was deleted: send it to POST /v1/inputs"));
          }
        });
    if (!missing.isEmpty()) {
      throw new ProblemException(Problem.invalid(missing));
    }
  }

  /** Last: it asks a name server. */
  private void checkWebhook(GenerationRequest request) {
    if (!request.hasWebhook()) {
      return;
    }
    Optional<String> refusal =
        addresses.refusal(URI.create(request.getWebhook().getUrl()), request.getTenant());
    if (refusal.isPresent() && refusal.get().equals(AddressCheck.NAME_SERVER_SLOW)) {
      throw new Failure.Retryable(
          AddressCheck.NAME_SERVER_SLOW, "The webhook's name has not been resolved in time");
    }
    if (refusal.isPresent()) {
      String message =
          refusal.get().equals("address_refused")
              ? "The name has an address that is not a public one"
              : "The name has no address";
      throw new ProblemException(
          Problem.invalid(List.of(new FieldError("webhook.url", refusal.get(), message))));
    }
  }

  private record Offered(Catalogue catalogue) implements OfferedModels {
    @Override
    public Optional<ModelCard> find(String reference) {
      return catalogue.find(reference);
    }

    @Override
    public List<ModelCard> refinersOf(ModelCard model) {
      return catalogue.refinersOf(model);
    }

    @Override
    public Optional<LoraCard> lora(String reference) {
      return catalogue.findLora(reference);
    }

    @Override
    public List<LoraCard> lorasOf(ModelCard model) {
      return catalogue.lorasOf(model);
    }

    @Override
    public Optional<ControlNetCard> controlNet(String reference) {
      return catalogue.findControlNet(reference);
    }

    @Override
    public List<ControlNetCard> controlNetsOf(ModelCard model) {
      return catalogue.controlNetsOf(model);
    }

    @Override
    public List<TextualInversionCard> textualInversionsOf(ModelCard model) {
      return catalogue.textualInversionsOf(model);
    }

    @Override
    public Optional<String> poolOf(ModelCard model) {
      return catalogue.poolOf(model);
    }

    @Override
    public List<String> names() {
      return catalogue.models().stream().map(ModelCard::name).toList();
    }

    @Override
    public List<UpscalerCard> upscalers() {
      return catalogue.upscalers();
    }

    @Override
    public Optional<UpscalerCard> upscaler(String reference) {
      return catalogue.findUpscaler(reference);
    }

    @Override
    public Optional<UpscalerCard> upscaler(int factor) {
      return catalogue.upscaler(factor);
    }
  }
}
