package dev.latentline.inference.session;

/**
 * Where and how a graph runs. Both belong to the runtime class: other settings may give other last
 * bits.
 *
 * @param intraOpThreads threads that one operator is split over; more than one pays only for
 *     networks much larger than the starter's (measured there: two are slower than one)
 */
public record SessionSettings(Provider provider, int intraOpThreads) {
  private static final int MAX_THREADS = 512;

  /** ONNX Runtime's execution provider. */
  public enum Provider {
    CPU("cpu");

    private final String id;

    Provider(String id) {
      this.id = id;
    }

    /** The name in runtime classes. */
    public String id() {
      return id;
    }
  }

  public SessionSettings {
    if (intraOpThreads < 1 || intraOpThreads > MAX_THREADS) {
      throw new IllegalArgumentException(
          "latentline.inference.threads must be 1 to " + MAX_THREADS + ", not " + intraOpThreads);
    }
  }

  public static SessionSettings cpu(int intraOpThreads) {
    return new SessionSettings(Provider.CPU, intraOpThreads);
  }
}
