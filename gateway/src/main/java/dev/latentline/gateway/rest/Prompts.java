package dev.latentline.gateway.rest;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.contract.Failure;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.owner.Manifests;
import dev.latentline.kit.blob.BlobStore;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.Optional;

/** Prompts and metadata are not kept in memory once they are in the manifest. */
@Singleton
class Prompts {
  private static final JsonMapper JSON = new JsonMapper();

  private final BlobStore store;

  Prompts(BlobStore store) {
    this.store = store;
  }

  /**
   * The view with its prompts and metadata, from the manifest where it is without; without them
   * also here when the manifest was removed. May ask the store.
   *
   * @throws Failure.Retryable when the store is away
   */
  GenerationView in(GenerationView view) {
    if (view.hasPrompts()) {
      return view;
    }
    Optional<byte[]> manifest =
        store.get(ObjectKeys.manifest(view.request().getTenant(), view.id()));
    if (manifest.isEmpty()) {
      return view;
    }
    try {
      return view.withPromptsOf(Manifests.prompts(JSON.readTree(manifest.get())));
    } catch (IOException e) {
      throw new Failure.Retryable("store_unavailable", "a manifest is unreadable", e);
    }
  }
}
