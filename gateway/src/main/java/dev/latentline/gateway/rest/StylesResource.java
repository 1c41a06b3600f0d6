package dev.latentline.gateway.rest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.expand.Style;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** The styles of this installation. */
@Path("/v1/styles")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "styles")
class StylesResource {
  private final StyleList styles;

  StylesResource(Presets presets) {
    this.styles =
        new StyleList("list", presets.styles().all().stream().map(StyleJson::of).toList());
  }

  @GET
  @Operation(summary = "The styles that a request can name")
  public StyleList list() {
    return styles;
  }

  /** All of them, in the order of their file. */
  record StyleList(String object, List<StyleJson> data) {}

  /**
   * A style.
   *
   * @param prompt with {prompt} where the request's goes; without it comes behind it
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record StyleJson(String name, String prompt, String negativePrompt) {
    static StyleJson of(Style style) {
      return new StyleJson(style.name(), style.prompt(), style.negativePrompt());
    }
  }
}
