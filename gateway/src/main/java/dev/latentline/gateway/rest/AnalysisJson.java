package dev.latentline.gateway.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.latentline.proto.v1.AnalyzedText;
import dev.latentline.proto.v1.AnalyzedTokens;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.TokenChunk;
import java.math.BigDecimal;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/**
 * What a model would be given of prompts.
 *
 * @param object always {@code prompt_analysis}
 * @param texts those of the prompt, then those of the negative prompt; of pictures with prompts of
 *     their own one after the other
 * @param request with every default filled in, and what became of its prompts
 */
@Schema(name = "PromptAnalysis")
record AnalysisJson(String object, List<Text> texts, GenerationJson.Request request) {

  /**
   * One text: those that AND or :: join, and those of other steps or pictures, are texts of their
   * own.
   *
   * @param role {@code prompt} or {@code negative_prompt}
   * @param weight what its effect is multiplied by
   * @param steps in which it holds, counted from 1; absent: all
   * @param images that it is for, by index; absent: all
   * @param tokens one for all text encoders that get the same
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @Schema(name = "AnalyzedText")
  record Text(
      String role,
      String text,
      BigDecimal weight,
      List<Integer> steps,
      List<Integer> images,
      List<Tokens> tokens) {
    static Text of(AnalyzedText text) {
      return new Text(
          text.getRole() == Role.NEGATIVE ? "negative_prompt" : "prompt",
          text.getText(),
          decimal(text.getWeight()),
          text.getStepsCount() == 0
              ? null
              : text.getStepsList().stream().map(step -> step + 1).toList(),
          text.getImagesCount() == 0 ? null : text.getImagesList(),
          text.getTokensList().stream().map(Tokens::of).toList());
    }
  }

  /**
   * The tokens of a text.
   *
   * @param textEncoders of the model, counted from 0
   * @param count of all, those that are cut included
   * @param limit of those that are not cut
   * @param chunkLength tokens of a full chunk
   * @param chunks what the model gets, without the tokens around each chunk
   * @param cut absent: nothing is
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @Schema(name = "AnalyzedTokens")
  record Tokens(
      List<Integer> textEncoders,
      int count,
      int limit,
      int chunkLength,
      List<List<Token>> chunks,
      Cut cut) {
    static Tokens of(AnalyzedTokens tokens) {
      int kept = tokens.getChunksList().stream().mapToInt(TokenChunk::getTokensCount).sum();
      return new Tokens(
          tokens.getEncodersList(),
          kept + tokens.getCut().getCount(),
          tokens.getChunkLength() * tokens.getMaxChunks(),
          tokens.getChunkLength(),
          tokens.getChunksList().stream()
              .map(chunk -> chunk.getTokensList().stream().map(Token::of).toList())
              .toList(),
          tokens.hasCut() ? new Cut(tokens.getCut().getCount(), tokens.getCut().getText()) : null);
    }
  }

  /**
   * A token.
   *
   * @param text the tokenizer's own name of it
   * @param weight what its states are multiplied by
   */
  @Schema(name = "Token")
  record Token(long id, String text, BigDecimal weight) {
    static Token of(dev.latentline.proto.v1.Token token) {
      return new Token(token.getId(), token.getText(), decimal(token.getWeight()));
    }
  }

  /** What the model does not get: how many tokens, and the end of the text that they are. */
  @Schema(name = "CutTokens")
  record Cut(int count, String text) {}

  static AnalysisJson of(List<AnalyzedText> texts, GenerationRequest request) {
    return new AnalysisJson(
        "prompt_analysis", texts.stream().map(Text::of).toList(), GenerationJson.request(request));
  }

  private static BigDecimal decimal(float value) {
    return new BigDecimal(Float.toString(value));
  }
}
