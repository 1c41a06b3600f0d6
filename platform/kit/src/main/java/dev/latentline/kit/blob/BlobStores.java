package dev.latentline.kit.blob;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Singleton;

/** Gives services their store. */
@Dependent
class BlobStores {
  @Produces
  @Singleton
  @Typed(S3BlobStore.class)
  S3BlobStore s3(StoreSettings settings) {
    return new S3BlobStore(settings);
  }

  void close(@Disposes S3BlobStore store) {
    store.close();
  }

  @Produces
  @ApplicationScoped
  BlobStore store(S3BlobStore s3, StoreSettings settings) {
    return RetryingBlobStore.wrap(s3, settings.patience());
  }
}
