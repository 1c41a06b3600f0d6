package dev.latentline.embedded;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Timer;
import java.util.TimerTask;

/**
 * What every Java child process runs first: ties its life to the parent's, then calls the main
 * class named by the first argument with the other ones.
 *
 * <p>The parent holds the other end of the child's standard input and never writes. However the
 * parent ends, kill -9 included, the pipe closes, and the child shuts down as on SIGTERM; what has
 * not ended 10 s later is halted. Ctrl-C and a closed terminal reach the whole process group: the
 * child ignores them, because the parent stops its children in the right order.
 */
public final class Tether {
  private static final long SHUTDOWN_MILLIS = 10_000;

  /** The exit status of a process that SIGTERM ended. */
  private static final int TERMINATED = 143;

  private Tether() {}

  public static void main(String[] args) throws Exception {
    ignore("INT");
    ignore("HUP");
    Thread watch = new Thread(Tether::endWithParent, "tether");
    watch.setDaemon(true);
    watch.start();
    Method main = Class.forName(args[0]).getMethod("main", String[].class);
    try {
      main.invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
    } catch (InvocationTargetException e) {
      e.getCause().printStackTrace();
      System.exit(1);
    }
  }

  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        continue;
      }
    } catch (IOException e) {
      // as good as the end of the pipe
    }
    new Timer("tether-halt", true)
        .schedule(
            new TimerTask() {
              @Override
              public void run() {
                Runtime.getRuntime().halt(TERMINATED);
              }
            },
            SHUTDOWN_MILLIS);
    System.exit(TERMINATED);
  }

  /**
   * By reflection: the compiler warns of sun.misc.Signal, and there is no other way to a signal.
   */
  private static void ignore(String signal) {
    try {
      Class<?> signals = Class.forName("sun.misc.Signal");
      Class<?> handlers = Class.forName("sun.misc.SignalHandler");
      signals
          .getMethod("handle", signals, handlers)
          .invoke(
              null,
              signals.getConstructor(String.class).newInstance(signal),
              handlers.getField("SIG_IGN").get(null));
    } catch (ReflectiveOperationException | RuntimeException e) {
      System.err.println("cannot ignore SIG" + signal + ": " + e);
    }
  }
}
