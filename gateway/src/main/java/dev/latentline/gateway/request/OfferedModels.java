package dev.latentline.gateway.request;

import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.inference.catalogue.UpscalerCard;
import java.util.List;
import java.util.Optional;

/** The models that a request can name. */
public interface OfferedModels {
  /** The model by name or alias, or by name@sha256:{hex} when its digest is or was that one. */
  Optional<ModelCard> find(String reference);

  /** The pool that makes its pictures; empty where none does. */
  Optional<String> poolOf(ModelCard model);

  /** Those that go on with the pictures of a model. */
  List<ModelCard> refinersOf(ModelCard model);

  /** The LoRA by name, or by name@sha256:{hex} when its digest is that one. */
  Optional<LoraCard> lora(String reference);

  /** Those that can change a model, ascending by name. */
  List<LoraCard> lorasOf(ModelCard model);

  /** The ControlNet by name, or by name@sha256:{hex} when its digest is that one. */
  Optional<ControlNetCard> controlNet(String reference);

  /** Those that can steer a model, ascending by name. */
  List<ControlNetCard> controlNetsOf(ModelCard model);

  /** Those that a model can read, ascending by name. */
  List<TextualInversionCard> textualInversionsOf(ModelCard model);

  /** Ascending. */
  List<String> names();

  /** Ascending by what is asked first where a request names none. */
  List<UpscalerCard> upscalers();

  /** The upscaler by name, or by name@sha256:{hex} when its digest is that one. */
  Optional<UpscalerCard> upscaler(String reference);

  /** What makes pictures larger by this factor for requests that name none, if anything does. */
  Optional<UpscalerCard> upscaler(int factor);
}
