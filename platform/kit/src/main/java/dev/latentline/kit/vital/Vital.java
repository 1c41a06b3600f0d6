package dev.latentline.kit.vital;

/** Something without which a process does nothing, although it lives. Every bean is looked at. */
public interface Vital {
  /** For the log. */
  String name();

  /** Whether it does not go on, and only a new process may mend it. */
  boolean hangs();
}
