package dev.latentline.gateway.input;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the only part of a multipart/form-data body (RFC 7578; RFC 2046, section 5.1.1), which is
 * the file {@code picture}.
 */
final class PictureForm {
  /** The part, as clients name it. */
  static final String PART = "picture";

  private static final int MAX_HEAD_BYTES = 8 * 1024;

  private static final Pattern BOUNDARY =
      Pattern.compile(
          "multipart/form-data\\s*;(?:.*;)?\\s*boundary=(\"?)([0-9A-Za-z'()+_,./:=? -]{1,70})\\1"
              + "\\s*(?:;.*)?",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern DISPOSITION =
      Pattern.compile("(?im)^content-disposition:\\s*form-data\\s*(;.*)$");
  private static final Pattern NAME = Pattern.compile(";\\s*name=(?:\"([^\"]*)\"|([^\";\\s]+))");
  private static final Pattern FILENAME = Pattern.compile(";\\s*filename\\*?=");

  private final InputStream in;

  /** What comes before a part and after the last; begins with the only CR in it. */
  private final byte[] delimiter;

  private PictureForm(InputStream in, String boundary) {
    this.in = in;
    this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * @param in buffered, and no longer than it may be
   * @param contentType the header, which names the boundary
   * @throws IOException when the body or the file breaks off
   */
  static void read(InputStream in, String contentType, OutputStream file)
      throws IOException, UnusablePictureException {
    Matcher type = BOUNDARY.matcher(contentType.strip());
    if (!type.matches()) {
      throw UnusablePictureException.noForm("Its Content-Type has no boundary");
    }
    PictureForm form = new PictureForm(in, type.group(2).strip());
    try {
      form.read(file);
    } catch (EOFException e) {
      throw UnusablePictureException.noForm("Ends before its last boundary");
    }
  }

  private void read(OutputStream file) throws IOException, UnusablePictureException {
    // the first delimiter may be what the body begins with
    copy(OutputStream.nullOutputStream(), 2);
    if (isLast()) {
      throw UnusablePictureException.missing();
    }
    check(head());
    copy(file, 0);
    if (!isLast()) {
      throw UnusablePictureException.severalParts();
    }
  }

  /**
   * Copies what comes before the next delimiter.
   *
   * @param matched how much of it has been there already
   */
  private void copy(OutputStream to, int matched) throws IOException {
    int found = matched;
    while (found < delimiter.length) {
      int next = in.read();
      if (next < 0) {
        throw new EOFException();
      }
      if (next == delimiter[found]) {
        found++;
        continue;
      }
      to.write(delimiter, 0, found);
      found = 0;
      if (next == '\r') {
        found = 1;
      } else {
        to.write(next);
      }
    }
  }

  /** Reads what comes behind a delimiter: two hyphens where it is the last one. */
  private boolean isLast() throws IOException, UnusablePictureException {
    int first = in.read();
    int second = in.read();
    if (first == '-' && second == '-') {
      return true;
    }
    while (first == ' ' || first == '\t') {
      first = second;
      second = in.read();
    }
    if (second < 0) {
      throw new EOFException();
    }
    if (first != '\r' || second != '\n') {
      throw UnusablePictureException.noForm("Has something behind a boundary");
    }
    return false;
  }

  /** The header of a part, a line feed after each line. */
  private String head() throws IOException, UnusablePictureException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int line = 0;
    while (true) {
      int next = in.read();
      if (next < 0) {
        throw new EOFException();
      }
      if (next == '\r') {
        continue;
      }
      if (next == '\n' && line == 0) {
        return head.toString(StandardCharsets.UTF_8);
      }
      line = next == '\n' ? 0 : line + 1;
      head.write(next);
      if (head.size() > MAX_HEAD_BYTES) {
        throw UnusablePictureException.noForm("Has a part with too long a header");
      }
    }
  }

  private static void check(String head) throws UnusablePictureException {
    Matcher disposition = DISPOSITION.matcher(head);
    Matcher name = NAME.matcher(disposition.find() ? disposition.group(1) : "");
    if (!name.find()) {
      throw UnusablePictureException.noForm("Has a part without a name");
    }
    String called = name.group(1) == null ? name.group(2) : name.group(1);
    if (!called.equals(PART)) {
      throw UnusablePictureException.severalParts();
    }
    if (!FILENAME.matcher(disposition.group(1)).find()) {
      throw UnusablePictureException.noFile();
    }
  }
}
