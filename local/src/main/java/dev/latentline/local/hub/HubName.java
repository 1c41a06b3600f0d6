package dev.latentline.local.hub;

import dev.latentline.local.CliException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a repository on a hub.
 *
 * @param owner a user or an organisation
 * @param repository of theirs
 * @param revision a branch, a tag or a commit
 */
public record HubName(String owner, String repository, String revision) {
  private static final String PART = "[A-Za-z0-9][A-Za-z0-9._-]{0,95}";
  private static final Pattern NAME =
      Pattern.compile("(%s)/(%s)(?:@(%s(?:/%s){0,3}))?".formatted(PART, PART, PART, PART));
  private static final String DEFAULT_REVISION = "main";

  /**
   * @param text OWNER/NAME or OWNER/NAME@REVISION
   * @throws CliException when it is neither
   */
  public static HubName parse(String text) {
    Matcher matcher = NAME.matcher(text);
    if (!matcher.matches()) {
      throw CliException.usage(
          "a model on a hub is named OWNER/NAME, with @REVISION for another than the newest; "
              + text
              + " is not");
    }
    String revision = matcher.group(3);
    return new HubName(
        matcher.group(1), matcher.group(2), revision == null ? DEFAULT_REVISION : revision);
  }

  /** OWNER/NAME. */
  public String id() {
    return owner + "/" + repository;
  }
}
