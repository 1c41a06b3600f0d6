package dev.latentline.local.deploy;

import static dev.latentline.local.deploy.Deployed.CHECKOUT;
import static dev.latentline.local.deploy.Deployed.MODULES;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class KubernetesTest {
  private static final Path BASE = CHECKOUT.resolve("k8s/base");
  private static final Yaml KUSTOMIZATION =
      Yaml.documents(BASE.resolve("kustomization.yaml")).get(0);
  private static final Yaml EVERY_SERVICE =
      Yaml.documents(BASE.resolve("every-service.yaml")).get(0);

  static Set<String> modules() {
    return MODULES;
  }

  @Test
  void theBaseIsAllFilesOfItsFolder() throws IOException {
    Set<String> named = new TreeSet<>(Set.of("kustomization.yaml", "secrets.example.yaml"));
    KUSTOMIZATION.at("resources").list().forEach(file -> named.add(file.text()));
    KUSTOMIZATION.at("patches").list().forEach(patch -> named.add(patch.at("path").text()));
    try (Stream<Path> files = Files.list(BASE)) {
      assertThat(files.map(file -> file.getFileName().toString())).hasSameElementsAs(named);
    }
    MODULES.forEach(module -> assertThat(named).contains(module + ".yaml"));
  }

  @ParameterizedTest
  @MethodSource("modules")
  void aServiceIsNamedAfterItsModuleAndHasItsPort(String module) {
    Yaml deployment = document(module, "Deployment");
    Yaml service = document(module, "Service");
    assertThat(deployment.at("metadata", "name").text()).isEqualTo(module);
    assertThat(service.at("metadata", "name").text()).isEqualTo(module);
    assertThat(container(module).at("image").text()).isEqualTo("latentline/" + module + ":local");
    assertThat(container(module).at("ports").list())
        .extracting(port -> port.at("name").text() + " " + port.at("containerPort").text())
        .containsExactly("http " + Deployed.port(module));
    assertThat(service.at("spec", "ports").list())
        .extracting(port -> port.at("targetPort").text() + " " + port.at("port").text())
        .containsExactly("http " + Deployed.port(module));
  }

  @ParameterizedTest
  @MethodSource("modules")
  void aServiceFindsItsPods(String module) {
    Yaml deployment = document(module, "Deployment").at("spec");
    Object labels = deployment.at("template", "metadata", "labels").value();
    assertThat(deployment.at("selector", "matchLabels").value()).isEqualTo(labels);
    assertThat(document(module, "Service").at("spec", "selector").value()).isEqualTo(labels);
    // the patch is merged into the container of this name
    assertThat(container(module).at("name").text())
        .isEqualTo(everyContainer().at("name").text())
        .isEqualTo("service");
  }

  @ParameterizedTest
  @MethodSource("modules")
  void everyVariableOfAServiceIsASettingThatItReads(String module) {
    Set<String> variables = new TreeSet<>();
    for (Yaml container : List.of(container(module), everyContainer())) {
      container.at("env").list().forEach(variable -> variables.add(variable.at("name").text()));
    }
    for (Yaml from : everyContainer().at("envFrom").list()) {
      variables.addAll(literals(from.at("configMapRef", "name").text()).keySet());
    }
    assertThat(variables).contains("KAFKA_BOOTSTRAP_SERVERS", "LATENTLINE_STORE_SECRET_KEY");
    assertThat(Deployed.unread(module, variables)).isEmpty();
  }

  /** Which otherwise would be seen before they are judged. */
  @ParameterizedTest
  @ValueSource(strings = {"decoder-service", "denoiser-service"})
  void whetherPicturesAreJudgedIsSaidOnceForAllThatShowThem(String module) {
    Yaml safety =
        container(module).at("env").list().stream()
            .filter(variable -> variable.at("name").text().equals("LATENTLINE_SAFETY"))
            .findFirst()
            .orElseThrow()
            .at("valueFrom", "configMapKeyRef");
    assertThat(safety.at("name").text()).isEqualTo("latentline-safety");
    assertThat(literals("latentline-safety")).containsEntry(safety.at("key").text(), "off");
  }

  @ParameterizedTest
  @MethodSource("modules")
  void everySecretIsInTheTemplate(String module) {
    Set<String> known = new TreeSet<>();
    for (Yaml secret : Yaml.documents(BASE.resolve("secrets.example.yaml"))) {
      String name = secret.at("metadata", "name").text();
      secret.at("stringData").names().forEach(key -> known.add(name + " " + key));
    }
    List<String> used = new ArrayList<>();
    for (Yaml container : List.of(container(module), everyContainer())) {
      for (Yaml variable : container.at("env").list()) {
        Yaml reference = variable.at("valueFrom", "secretKeyRef");
        if (reference.isThere()) {
          used.add(reference.at("name").text() + " " + reference.at("key").text());
        }
      }
    }
    for (Yaml volume : podOf(document(module, "Deployment")).at("volumes").list()) {
      Yaml secret = volume.at("secret");
      for (Yaml item : secret.at("items").list()) {
        used.add(secret.at("secretName").text() + " " + item.at("key").text());
      }
    }
    assertThat(used).isNotEmpty().isSubsetOf(known);
  }

  @Test
  void theContainersMayDoNoMoreThanTheImageNeeds() {
    Yaml pod = podOf(EVERY_SERVICE);
    assertThat(pod.at("securityContext", "runAsNonRoot").value()).isEqualTo(true);
    assertThat(pod.at("securityContext", "runAsUser").text())
        .isEqualTo(Deployed.first(Deployed.text("Dockerfile"), "(?m)^USER (\\d+):"));
    assertThat(pod.at("enableServiceLinks").value()).isEqualTo(false);
    Yaml security = everyContainer().at("securityContext");
    assertThat(security.at("readOnlyRootFilesystem").value()).isEqualTo(true);
    assertThat(security.at("allowPrivilegeEscalation").value()).isEqualTo(false);
    assertThat(everyContainer().at("volumeMounts").list())
        .extracting(mount -> mount.at("mountPath").text())
        .containsExactly("/tmp", "/models");
  }

  @Test
  void theProbesAskWhatTheServicesAnswer() {
    assertThat(probe("startupProbe")).isEqualTo("/q/health/live http");
    assertThat(probe("livenessProbe")).isEqualTo("/q/health/live http");
    assertThat(probe("readinessProbe")).isEqualTo("/q/health/ready http");
  }

  @Test
  void noTopicIsNamedThatDoesNotExist() throws IOException {
    try (Stream<Path> files = Files.list(BASE)) {
      for (Path file : files.toList()) {
        assertThat(Deployed.unknownTopics(Files.readString(file))).as(file.toString()).isEmpty();
      }
    }
  }

  /** Of a ConfigMap that the base makes. */
  private static Map<String, String> literals(String configMap) {
    Map<String, String> literals = new TreeMap<>();
    KUSTOMIZATION.at("configMapGenerator").list().stream()
        .filter(map -> map.at("name").text().equals(configMap))
        .flatMap(map -> map.at("literals").list().stream())
        .map(line -> line.text().split("=", 2))
        .forEach(line -> literals.put(line[0], line[1]));
    assertThat(literals).as(configMap).isNotEmpty();
    return literals;
  }

  private static String probe(String name) {
    Yaml get = everyContainer().at(name, "httpGet");
    return get.at("path").text() + " " + get.at("port").text();
  }

  private static Yaml document(String module, String kind) {
    return Yaml.documents(BASE.resolve(module + ".yaml")).stream()
        .filter(document -> document.at("kind").text().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  private static Yaml podOf(Yaml deployment) {
    return deployment.at("spec", "template", "spec");
  }

  private static Yaml container(String module) {
    List<Yaml> containers = podOf(document(module, "Deployment")).at("containers").list();
    assertThat(containers).hasSize(1);
    return containers.get(0);
  }

  private static Yaml everyContainer() {
    return podOf(EVERY_SERVICE).at("containers").list().get(0);
  }
}
