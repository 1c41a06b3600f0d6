package dev.latentline.gateway.input;

import java.io.IOException;
import java.io.InputStream;

/** A file that a client sent, to be read as often as needed. */
public interface PictureFile {
  long size() throws IOException;

  /** From its beginning. */
  InputStream open() throws IOException;
}
