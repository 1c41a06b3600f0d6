package dev.latentline.local.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Preprocessor;
import dev.latentline.local.CliException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The pictures that steer, each through a ControlNet. */
final class ControlOptions {
  /** The digest has a colon of its own. */
  private static final Pattern CONTROL =
      Pattern.compile("([^:@]+(?:@sha256:[0-9a-f]+)?):" + PictureFile.PATTERN);

  @ArgGroup(exclusive = false, multiplicity = "0..*")
  private List<Control> controls = new ArrayList<>();

  /** One picture, with what is said behind it. */
  static final class Control {
    @Option(
        names = "--control",
        required = true,
        paramLabel = "NAME:FILE[:WEIGHT]",
        description =
            "A picture that steers, the ControlNet through which, and how strongly (default: 1); up"
                + " to four. See latentline models list.")
    private String text;

    @Option(
        names = "--preprocessor",
        paramLabel = "NAME",
        description = "Of the --control before it: canny makes lines of a photo (default: none).")
    private String preprocessor;

    @Option(
        names = "--control-start",
        paramLabel = "X",
        description = "Of the --control before it: where it begins to steer (default: 0).")
    private Double start;

    @Option(
        names = "--control-end",
        paramLabel = "X",
        description = "Of the --control before it: where it no longer steers (default: 1).")
    private Double end;

    private Chosen parsed() {
      Matcher matcher = CONTROL.matcher(text);
      String option = "--control " + text;
      if (!matcher.matches()) {
        throw CliException.usage(
            option + ": write NAME:FILE or NAME:FILE:WEIGHT, as starter-edges:drawing.png:0.8");
      }
      return new Chosen(
          matcher.group(1),
          PictureFile.of(option, matcher.group(2), matcher.group(3), Limits.MAX_CONTROL_WEIGHT));
    }

    private void check() {
      PictureFile picture = parsed().picture();
      if (preprocessor != null && !Preprocessor.ids().contains(preprocessor)) {
        throw CliException.usage(
            "--preprocessor " + preprocessor + ": choose one of " + Preprocessor.ids());
      }
      part("--control-start", start, 0);
      part("--control-end", end, start == null ? 0 : start);
      picture.check();
    }

    private static void part(String name, Double value, double least) {
      if (value != null && !(value >= least && value <= Limits.MAX_PART)) {
        throw CliException.usage(
            String.format(
                "%s %s: give a number from %s to %.0f", name, value, least, Limits.MAX_PART));
      }
    }
  }

  /** A ControlNet by name, or by name@sha256:{hex}; and a file. */
  private record Chosen(String name, PictureFile picture) {}

  /** What a gateway would refuse whatever its ControlNets are. */
  void check() {
    if (controls.size() > Limits.MAX_CONTROLS) {
      throw CliException.usage("--control: name at most " + Limits.MAX_CONTROLS);
    }
    controls.forEach(Control::check);
  }

  /**
   * @param upload sends a file, and has the id that it has then
   */
  void addTo(ObjectNode body, Function<Path, String> upload) {
    if (controls.isEmpty()) {
      return;
    }
    ArrayNode array = body.putArray("controls");
    for (Control control : controls) {
      Chosen chosen = control.parsed();
      ObjectNode fields = array.addObject().put("name", chosen.name());
      chosen.picture().addTo(fields, upload);
      if (control.preprocessor != null) {
        fields.put("preprocessor", control.preprocessor);
      }
      if (control.start != null) {
        fields.put("start", control.start);
      }
      if (control.end != null) {
        fields.put("end", control.end);
      }
    }
  }
}
