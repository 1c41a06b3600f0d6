package dev.latentline.inference.catalogue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** A catalogue of models whose graphs are a few bytes, to read and to break. */
final class SmallCatalogue {
  private static final JsonMapper JSON = new JsonMapper();
  private static final List<String> FILES =
      List.of(
          "tokenizer/tokenizer.json",
          "text_encoder/model.onnx",
          "unet/model.onnx",
          "vae_decoder/model.onnx",
          "vae_encoder/model.onnx");
  private static final String SCHEDULER =
      """
      {"_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_schedule": "linear",
       "beta_start": 0.0001, "beta_end": 0.02, "prediction_type": "v_prediction",
       "timestep_spacing": "trailing", "clip_sample": true, "clip_sample_range": 5.0,
       "set_alpha_to_one": true, "steps_offset": 0, "trained_betas": null, "variance_type": "x"}""";
  private static final String MANIFEST =
      """
      {"schema": 1, "name": "NAME", "family": "small", "licence": "Apache-2.0",
       "description": "small", "created": "2026-11-23T00:00:00Z",
       "defaults": {"steps": 20, "guidance_scale": 7.5, "width": 512, "height": 512,
                    "sampler": "euler_a", "schedule": "karras"},
       "limits": {"min_width": 64, "max_width": 1024, "min_height": 64, "max_height": 768,
                  "size_multiple": 8, "max_pixels": 600000, "max_steps": 100},
       "text_encoders": [{"tokenizer": "tokenizer/tokenizer.json",
                          "model": "text_encoder/model.onnx", "output": "last_hidden_state",
                          "max_tokens": 77, "hidden_size": 768}],
       "unet": {"model": "unet/model.onnx", "latent_channels": 4, "context_size": 768},
       "vae": {"decoder": "vae_decoder/model.onnx", "encoder": "vae_encoder/model.onnx",
               "scale_factor": 8, "scaling_factor": 0.18215},
       "scheduler": "scheduler/scheduler_config.json", "files": {}}""";

  final Path folder;

  SmallCatalogue(Path folder, String... models) throws IOException {
    this.folder = folder;
    for (String model : models) {
      for (String file : FILES) {
        write(model + "/" + file, model + " " + file);
      }
      write(model + "/scheduler/scheduler_config.json", SCHEDULER);
      write(model + "/manifest.json", MANIFEST.replace("NAME", model));
      manifest(model, manifest -> list(model, manifest));
    }
    write("pools.yaml", "default: [" + String.join(", ", models) + "]\n");
  }

  /** Puts an upscaler beside the models. */
  void upscaler(String name, int scale) throws IOException {
    postprocessor("upscalers/" + name, "\"scale\": " + scale + ", \"receptive_field\": 10");
  }

  /** Puts a safety checker beside the models. */
  void safetyChecker(String name) throws IOException {
    postprocessor(
        "safety_checkers/" + name,
        "\"input_size\": 224, \"classes\": [\"good\", \"bad\"], \"unsafe\": [\"bad\"]");
  }

  /** Puts a ControlNet of the models' family beside them. */
  void controlNet(String name) throws IOException {
    listed(
        "controlnets/" + name,
        "model.onnx",
        "\"model\": \"model.onnx\", \"families\": [\"small\"]");
  }

  /** Has a model's network take what ControlNets say. */
  void controlled(String model) throws IOException {
    manifest(
        model,
        manifest -> {
          ObjectNode unet = (ObjectNode) manifest.get("unet");
          unet.put("controlled", unet.get("model").asText());
        });
  }

  /** Gives a model an image encoder, of a file that it has. */
  static ObjectNode seeing(ObjectNode manifest) {
    String graph = manifest.at("/unet/model").asText();
    return manifest
        .putObject("image_encoder")
        .put("model", graph)
        .put("size", 128)
        .put("features", 384)
        .put("prompt", graph);
  }

  /** Puts a textual inversion of the models' family beside them. */
  void textualInversion(String name, int vectors) throws IOException {
    listed(
        "textual_inversions/" + name,
        "weights.safetensors",
        "\"weights\": \"weights.safetensors\", \"families\": [\"small\"], \"vectors\": " + vectors);
  }

  /** Gives a model weights beside its graph, and chunks. */
  void imported(String model) throws IOException {
    String weights = "text_encoder/weights.safetensors";
    write(model + "/" + weights, model);
    manifest(
        model,
        manifest -> {
          entry(manifest.withObject("files"), model, weights);
          ((ObjectNode) manifest.at("/text_encoders/0")).put("chunks", true).put("pad_id", 1);
        });
  }

  private void postprocessor(String folder, String fields) throws IOException {
    listed(folder, "model.onnx", "\"model\": \"model.onnx\", " + fields);
  }

  private void listed(String folder, String file, String fields) throws IOException {
    write(folder + "/" + file, folder);
    String name = folder.substring(folder.indexOf('/') + 1);
    write(
        folder + "/manifest.json",
        """
        {"schema": 1, "name": "NAME", "licence": "MIT", "description": "small",
         "created": "2026-11-26T00:00:00Z", FIELDS, "files": {}}"""
            .replace("NAME", name)
            .replace("FIELDS", fields));
    change(folder + "/manifest.json", json -> entry(json.withObject("files"), folder, file));
  }

  private void list(String model, ObjectNode manifest) {
    ObjectNode files = manifest.putObject("files");
    for (String file : FILES) {
      entry(files, model, file);
    }
    entry(files, model, "scheduler/scheduler_config.json");
  }

  private void entry(ObjectNode files, String model, String file) {
    try {
      byte[] bytes = Files.readAllBytes(path(model + "/" + file));
      files.putObject(file).put("size", bytes.length).put("sha256", Sha256.hex(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path path(String relative) {
    return folder.resolve(relative);
  }

  void write(String relative, String text) throws IOException {
    Files.createDirectories(path(relative).getParent());
    Files.writeString(path(relative), text);
  }

  void manifest(String model, Consumer<ObjectNode> change) throws IOException {
    change(model + "/manifest.json", change);
  }

  void change(String file, Consumer<ObjectNode> change) throws IOException {
    ObjectNode json = (ObjectNode) JSON.readTree(path(file).toFile());
    change.accept(json);
    write(file, json.toString());
  }
}
