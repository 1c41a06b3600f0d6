package dev.latentline.gateway.line;

/** Ends when closed; closing twice does nothing. */
public interface Subscription extends AutoCloseable {
  @Override
  void close();
}
