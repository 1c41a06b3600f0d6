package dev.latentline.inference.session;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.RunOptions;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Ends runs from outside: for work that is cancelled, or whose record another worker has. Once
 * stopped it stays so, and a run that begins with it ends at once. Who may end them can also be
 * told that they go on. Thread-safe.
 */
public final class RunStop {
  private final Runnable goesOn;
  private final Set<RunOptions> running = new HashSet<>();
  private final Set<Runnable> actions = new LinkedHashSet<>();
  private boolean stopped;

  public RunStop() {
    this(() -> {});
  }

  /**
   * @param goesOn called when a run begins and when it has ended, by the thread that runs it: work
   *     of many runs takes longer than any one of them
   */
  public RunStop(Runnable goesOn) {
    this.goesOn = goesOn;
  }

  /** Ends the runs under way (after the operator that they are in) and all later ones. */
  public void stop() {
    List<Runnable> due;
    synchronized (this) {
      stopped = true;
      for (RunOptions options : running) {
        try {
          options.setTerminate(true);
        } catch (OrtException e) {
          throw new GraphFailedException("a run cannot be stopped", e);
        }
      }
      due = List.copyOf(actions);
      actions.clear();
    }
    due.forEach(Runnable::run);
  }

  /**
   * Runs the action once when this is stopped, however often it was given, or at once when it
   * already is; from any thread.
   */
  public void onStop(Runnable action) {
    synchronized (this) {
      if (!stopped) {
        actions.add(action);
        return;
      }
    }
    action.run();
  }

  public synchronized boolean stopped() {
    return stopped;
  }

  void enter(RunOptions options) {
    synchronized (this) {
      if (stopped) {
        throw new RunStoppedException();
      }
      running.add(options);
    }
    goesOn.run();
  }

  /** After it the options can be closed. */
  void leave(RunOptions options) {
    synchronized (this) {
      running.remove(options);
    }
    goesOn.run();
  }
}
