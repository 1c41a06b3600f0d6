package dev.latentline.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import dev.latentline.proto.v1.ControlOuterClass;
import dev.latentline.proto.v1.Event;
import dev.latentline.proto.v1.ProgressOuterClass;
import dev.latentline.proto.v1.PromptsOuterClass;
import dev.latentline.proto.v1.Request;
import dev.latentline.proto.v1.Step;
import dev.latentline.proto.v1.TensorOuterClass;
import dev.latentline.proto.v1.Webhook;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Records of an older version wait in topics while a newer one rolls out, and the other way round:
 * a field once published keeps its number, type and label. A new field is a new line of
 * messages-v1.txt.
 */
class MessageCompatibilityTest {
  @Test
  void everyFieldOncePublishedIsAsItWas() throws IOException {
    assertThat(now()).containsAll(published());
  }

  @Test
  void everyFieldIsPublished() throws IOException {
    assertThat(published()).as("add the new lines to messages-v1.txt").containsAll(now());
  }

  private static Set<String> published() throws IOException {
    try (InputStream in = MessageCompatibilityTest.class.getResourceAsStream("/messages-v1.txt")) {
      return new TreeSet<>(new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
    }
  }

  private static Set<String> now() {
    List<FileDescriptor> files =
        List.of(
            TensorOuterClass.getDescriptor(),
            Request.getDescriptor(),
            dev.latentline.proto.v1.Stage.getDescriptor(),
            Event.getDescriptor(),
            ProgressOuterClass.getDescriptor(),
            Step.getDescriptor(),
            ControlOuterClass.getDescriptor(),
            Webhook.getDescriptor(),
            PromptsOuterClass.getDescriptor());
    Set<String> lines = new TreeSet<>();
    for (FileDescriptor file : files) {
      file.getMessageTypes().forEach(message -> describe(message, lines));
      file.getEnumTypes().forEach(type -> describe(type, lines));
    }
    return lines;
  }

  private static void describe(Descriptor message, Set<String> lines) {
    for (FieldDescriptor field : message.getFields()) {
      List<String> parts = new ArrayList<>();
      parts.add(message.getFullName() + "." + field.getName());
      parts.add(Integer.toString(field.getNumber()));
      parts.add(field.isRepeated() ? "repeated" : field.hasPresence() ? "optional" : "plain");
      parts.add(
          switch (field.getJavaType()) {
            case MESSAGE -> field.getMessageType().getFullName();
            case ENUM -> field.getEnumType().getFullName();
            default -> field.getType().toString().toLowerCase(java.util.Locale.ROOT);
          });
      lines.add(String.join(" ", parts));
    }
    message.getNestedTypes().forEach(nested -> describe(nested, lines));
    message.getEnumTypes().forEach(type -> describe(type, lines));
  }

  private static void describe(EnumDescriptor type, Set<String> lines) {
    type.getValues()
        .forEach(
            value ->
                lines.add(type.getFullName() + "." + value.getName() + " " + value.getNumber()));
  }
}
