package dev.latentline.inference.tensor;

import java.io.IOException;

/** The folder for temporary files has too little room; the message says what to do. */
public final class NoRoomException extends IOException {
  private static final long serialVersionUID = 1;

  NoRoomException(long written, IOException cause) {
    super(
        String.format(
            "the folder for temporary files (%s) has no room for more than %.1f GB of weights: give"
                + " it more, or name another with -Djava.io.tmpdir",
            System.getProperty("java.io.tmpdir"), written / 1e9),
        cause);
  }
}
