package dev.latentline.inference.session;

/** The run was ended by its {@link RunStop}; it has no result. */
public final class RunStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public RunStoppedException() {
    super("the run was stopped");
  }
}
