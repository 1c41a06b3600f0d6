package dev.latentline.local.deploy;

import static dev.latentline.local.deploy.Deployed.CHECKOUT;
import static dev.latentline.local.deploy.Deployed.MODULES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.embedded.Checkout;
import dev.latentline.embedded.KafkaBroker;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContainersTest {
  private static final Yaml COMPOSE = only("docker-compose.yml");
  private static final Yaml CHECK = only("containers/check.yml");
  private static final String DOCKERFILE = Deployed.text("Dockerfile");

  /** Where they listen and store is the only thing in which the two brokers differ. */
  private static final Set<String> ADDRESSES =
      Set.of(
          "listeners",
          "advertised.listeners",
          "log.dirs",
          "controller.quorum.voters",
          "controller.quorum.bootstrap.servers");

  static Set<String> modules() {
    return MODULES;
  }

  @Test
  void theServicesThatAreBuiltAreTheModules() {
    Set<String> built = new TreeSet<>();
    for (String name : COMPOSE.at("services").names()) {
      if (service(name).at("build").isThere()) {
        built.add(name);
      }
    }
    assertThat(built).isEqualTo(MODULES);
  }

  @ParameterizedTest
  @MethodSource("modules")
  void anImageIsBuiltFromItsModuleForItsPort(String module) {
    Yaml args = service(module).at("build", "args");
    assertThat(args.at("SERVICE").text()).isEqualTo(module);
    assertThat(args.at("PORT").text()).isEqualTo(Deployed.port(module));
    assertThat(service(module).at("image").text()).startsWith("latentline/" + module + ":");
  }

  @Test
  void theGatewayAloneIsPublishedAndOnTheLoopbackOnly() {
    for (String name : COMPOSE.at("services").names()) {
      String ports = service(name).at("ports").text();
      if (name.equals("gateway")) {
        assertThat(ports)
            .isEqualTo("[127.0.0.1:${LATENTLINE_PORT:-8080}:" + Deployed.port("gateway") + "]");
      } else {
        assertThat(ports).as(name).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("modules")
  void everyVariableOfAServiceIsASettingThatItReads(String module) {
    Set<String> variables = new TreeSet<>(service(module).at("environment").names());
    variables.addAll(CHECK.at("services", module, "environment").names());
    Pattern.compile("(?m)^(?:ENV| {3}) ([A-Z_]+)=")
        .matcher(DOCKERFILE)
        .results()
        .forEach(found -> variables.add(found.group(1)));
    assertThat(variables).contains("QUARKUS_HTTP_PORT", "KAFKA_BOOTSTRAP_SERVERS");
    assertThat(Deployed.unread(module, variables)).isEmpty();
  }

  /** Which otherwise would be seen before they are judged. */
  @ParameterizedTest
  @ValueSource(strings = {"decoder-service", "denoiser-service"})
  void whetherPicturesAreJudgedIsSaidOnceForAllThatShowThem(String module) {
    assertThat(service(module).at("environment", "LATENTLINE_SAFETY").text())
        .isEqualTo("${LATENTLINE_SAFETY:-off}");
  }

  @Test
  void aVariableThatNobodyReadsIsFound() {
    assertThat(Deployed.unread("gateway", Set.of("LATENTLINE_KEYS", "LATENTLINE_STORE_URI")))
        .containsExactly("LATENTLINE_STORE_URI");
    assertThat(Deployed.unread("decoder-service", Set.of("LATENTLINE_KEYS")))
        .containsExactly("LATENTLINE_KEYS");
    assertThat(Deployed.unknownTopics("a generation.event or a generation.evnt"))
        .containsExactly("generation.evnt");
  }

  @Test
  void theSecretsAreSettingsOfTheGateway() {
    Set<String> written = new TreeSet<>();
    Pattern.compile("printf '([a-z.-]+)=%s")
        .matcher(Deployed.text("containers/make-secrets"))
        .results()
        .forEach(found -> written.add(found.group(1)));
    assertThat(written).hasSize(2);
    assertThat(CodeSettings.keysOf(CHECKOUT, "gateway")).containsAll(written);
  }

  @Test
  void theAddressesAreServicesOfTheFile() {
    for (String module : MODULES) {
      Yaml environment = service(module).at("environment");
      String kafka = environment.at("KAFKA_BOOTSTRAP_SERVERS").text();
      assertThat(service("kafka").at("environment", "KAFKA_ADVERTISED_LISTENERS").text())
          .isEqualTo("PLAINTEXT://" + kafka);
      assertThat(environment.at("LATENTLINE_STORE_URL").text()).isEqualTo("http://minio:9000");
      assertThat(environment.at("LATENTLINE_STORE_ACCESS_KEY").text())
          .isEqualTo(service("minio").at("environment", "MINIO_ROOT_USER").text());
    }
  }

  @Test
  void theBrokerHasTheSettingsOfTheEmbeddedOne() {
    Map<String, String> embedded = new TreeMap<>();
    Path nowhere = Path.of("nowhere");
    for (String line :
        new KafkaBroker(Checkout.current(), nowhere, nowhere, 1, 2).settings(nowhere)) {
      String[] parts = line.split("=", 2);
      assertThat(embedded).as("named twice").doesNotContainKey(parts[0]);
      embedded.put(parts[0], parts[1]);
    }
    Map<String, String> contained = new TreeMap<>();
    Yaml environment = service("kafka").at("environment");
    for (String variable : environment.names()) {
      if (!variable.equals("KAFKA_HEAP_OPTS")) {
        String key = variable.substring("KAFKA_".length()).toLowerCase(Locale.ROOT);
        contained.put(key.replace('_', '.'), environment.at(variable).text());
      }
    }
    embedded.keySet().removeAll(ADDRESSES);
    contained.keySet().removeAll(ADDRESSES);
    assertThat(contained).isEqualTo(embedded);
  }

  @Test
  void noTopicIsNamedThatDoesNotExist() {
    assertThat(Deployed.unknownTopics(Deployed.text("docker-compose.yml"))).isEmpty();
    assertThat(Deployed.unknownTopics(DOCKERFILE)).isEmpty();
  }

  @Test
  void theBaseImageIsTheSameEverywhere() {
    String base = Deployed.first(DOCKERFILE, "(?m)^ARG BASE_IMAGE=(.+)$");
    assertThat(
            Pattern.compile("\\$\\{LATENTLINE_BASE_IMAGE:-([^}]+)}")
                .matcher(Deployed.text("docker-compose.yml"))
                .results()
                .map(found -> found.group(1)))
        .isNotEmpty()
        .containsOnly(base);
  }

  @Test
  void whatIsSentToTheBuildIsWhatTheDockerfileCopies() {
    Set<String> sent = new TreeSet<>();
    Deployed.text(".dockerignore").lines().filter(l -> l.startsWith("!")).forEach(sent::add);
    Set<String> copied = new TreeSet<>(Set.of("!containers/healthy"));
    MODULES.forEach(module -> copied.add("!" + module + "/target/quarkus-app"));
    assertThat(sent).isEqualTo(copied);
  }

  @Test
  void everyVariableOfTheFileIsDocumented() {
    String page = Deployed.text("docs/containers.md");
    assertThat(
            Pattern.compile("\\$\\{([A-Z_]+)")
                .matcher(Deployed.text("docker-compose.yml"))
                .results()
                .map(found -> found.group(1))
                .distinct())
        .isNotEmpty()
        .allSatisfy(variable -> assertThat(page).contains("`" + variable + "`"));
  }

  @Test
  void theScriptRunsTheCommandsThatArePublished() {
    String script = Deployed.text("containers/check");
    assertThat(
            Pattern.compile("(?m)^ {4}docker compose (.+)$")
                .matcher(Deployed.text("docs/containers.md"))
                .results()
                .map((MatchResult found) -> found.group(1).replaceAll("\\s{2,}.*", "")))
        .isNotEmpty()
        .allSatisfy(command -> assertThat(script).contains("compose " + command));
  }

  private static Yaml service(String name) {
    return COMPOSE.at("services", name);
  }

  private static Yaml only(String file) {
    return Yaml.documents(CHECKOUT.resolve(file)).get(0);
  }
}
