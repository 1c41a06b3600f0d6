package dev.latentline.gateway.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EgressPolicyTest {
  private final EgressPolicy policy = new EgressPolicy(false);
  private final EgressPolicy development = new EgressPolicy(true);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://example.com",
        "https://example.com/",
        "https://example.com/hook?a=b&c=%20d",
        "https://EXAMPLE.com./hook",
        "https://example.com:443/hook",
        "https://example.com:8443/hook",
        "HTTPS://sub.domain.example.co.uk/x",
        "https://xn--bcher-kva.example/",
        "https://1password.com/hook",
        "https://8.8.8.8/hook",
        "https://[2606:4700:4700::1111]:8443/hook",
        "https://local.example.com/",
        "https://localhost.example.com/"
      })
  void anOrdinaryUrlIsTaken(String url) {
    assertThat(policy.problem(url)).isEmpty();
    assertThat(development.problem(url)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // no URL, or not this kind
        "",
        " ",
        "x",
        "example.com",
        "//example.com",
        "/hook",
        "https:",
        "https://",
        "https:///x",
        "https:example.com",
        "https:/example.com",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "jar:https://example.com!/",
        "https://example.com/#x",
        "https://example.com/#",
        // characters
        "https://example.com/a b",
        "https://example.com/\t",
        "https://example.com/\n",
        "https://example.com/\r\nHost: x",
        "https://example.com/\0",
        "https://example.com\\@a.com/",
        "https://ok\\@127.0.0.1/",
        "https:\\\\example.com",
        "https://example.com/ü",
        "https://exаmple.com/",
        "https://１２７.０.０.１/",
        "https://ⓛocalhost/",
        "https://example。com/",
        " https://example.com/",
        "https://example.com/ ",
        // user information
        "https://a@example.com/",
        "https://a:b@example.com/",
        "https://@example.com/",
        "https://a@127.0.0.1/",
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1#@ok.com/",
        "https://example.com%40127.0.0.1/",
        // ports
        "https://example.com:80/",
        "https://example.com:22/",
        "https://example.com:9092/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:-443/",
        "https://example.com:443443/",
        "https://example.com:x/",
        // loopback and private addresses
        "https://127.0.0.1/",
        "https://127.0.0.1:8443/",
        "https://127.255.255.254/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://198.18.0.1/",
        "https://192.0.0.192/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[2606:4700::1%25eth0]/",
        "https://[fd00:ec2::254]/",
        "https://[2001:db8::1]/",
        "https://[ff02::1]/",
        "https://[::1/",
        "https://::1/",
        "https://[2606:4700:4700::1111/",
        "https://[1.1.1.1]/",
        "https://[v1.x]/",
        // an address in another clothing
        "https://127.1/",
        "https://127.0.1/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1./",
        "https://127.0.0.1../",
        "https://1.1.1.1.1/",
        "https://1.1.1.256/",
        "https://1.1.1/",
        "https://example.1/",
        "https://example.0x7f/",
        "https://example.com../",
        "https://.example.com/",
        "https://./",
        "https://a..example.com/",
        // names
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://a.localhost/",
        "https://localhost.localdomain/",
        "https://printer.local/",
        "https://x.internal/",
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://metadata/",
        "https://kafka/",
        "https://minio/",
        "https://gateway/",
        "https://minio.latentline.svc/",
        "https://minio.latentline.svc.cluster.local/",
        "https://host.docker.internal/",
        "https://router.lan/",
        "https://x.home.arpa/",
        "https://-a.example.com/",
        "https://a-.example.com/",
        "https://a_b.example.com/",
        "https://ex%61mple.com/"
      })
  void whatIsNotAnOrdinaryUrlIsRefused(String url) {
    assertThat(policy.problem(url)).isPresent();
  }

  @Test
  void aUrlIsAtMost2048CharactersLong() {
    String url = "https://example.com/" + "a".repeat(2048 - 20);
    assertThat(policy.problem(url)).isEmpty();
    assertThat(policy.problem(url + "a")).isPresent();
    assertThat(policy.problem("https://" + "a".repeat(64) + ".com/")).isPresent();
    assertThat(policy.problem("https://" + "a.".repeat(127) + "com/")).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost:9000/hook",
        "http://127.0.0.1:1/",
        "http://127.0.0.53/",
        "http://[::1]:65535/x",
        "https://localhost:9443/"
      })
  void developmentMayCallThisMachineAtAnyPort(String url) {
    assertThat(development.problem(url)).isEmpty();
    assertThat(policy.problem(url)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://example.com/", "http://10.0.0.1/", "https://192.168.0.1/", "http://0.0.0.0/",
        "http://169.254.169.254/", "http://a.localhost/", "http://127.1/", "http://user@localhost/",
        "http://localhost:0/", "http://localhost:65536/", "http://[::ffff:10.0.0.1]/"
      })
  void developmentMayCallNothingElse(String url) {
    assertThat(development.problem(url)).isPresent();
  }

  @Test
  void onePrivateAddressAmongThePublicOnesRefusesTheName() throws Exception {
    EgressTarget target = policy.target("https://example.com/");
    assertThat(policy.allows(target, addresses("93.184.216.34", "2606:2800::1"))).isTrue();
    assertThat(policy.allows(target, addresses("93.184.216.34", "10.0.0.1"))).isFalse();
    assertThat(policy.allows(target, addresses("93.184.216.34", "::1"))).isFalse();
    assertThat(policy.allows(target, addresses("127.0.0.1"))).isFalse();
    assertThat(policy.allows(target, List.of())).isFalse();
  }

  @Test
  void inDevelopmentAPublicNameMayNotLeadToThisMachineNorLocalhostElsewhere() throws Exception {
    assertThat(development.allows(development.target("https://a.com/"), addresses("127.0.0.1")))
        .isFalse();
    EgressTarget localhost = development.target("http://localhost:1234/");
    assertThat(development.allows(localhost, addresses("127.0.0.1", "::1"))).isTrue();
    assertThat(development.allows(localhost, addresses("127.0.0.1", "8.8.8.8"))).isFalse();
  }

  @Test
  void aRefusalDoesNotRepeatTheUrl() {
    assertThatThrownBy(() -> policy.target("https://user:SECRET@example.com/SECRET"))
        .isInstanceOf(RefusedUrlException.class)
        .hasMessageNotContaining("SECRET");
  }

  private static List<InetAddress> addresses(String... literals) throws UnknownHostException {
    List<InetAddress> addresses = new ArrayList<>();
    for (String literal : literals) {
      addresses.add(InetAddress.getByName(literal));
    }
    return addresses;
  }
}
