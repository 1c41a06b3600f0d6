package dev.latentline.kit.blob;

import dev.latentline.testkit.TestStack;

/** The store of the embedded stack. */
class S3ProxyBlobStoreIT extends BlobStoreConformance {
  @Override
  String url() {
    return TestStack.shared().storeUrl();
  }

  @Override
  String accessKey() {
    return TestStack.ACCESS_KEY;
  }

  @Override
  String secretKey() {
    return TestStack.SECRET_KEY;
  }
}
