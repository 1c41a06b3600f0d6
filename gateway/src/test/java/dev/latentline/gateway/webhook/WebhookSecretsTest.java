package dev.latentline.gateway.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.gateway.secret.MasterSecret;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class WebhookSecretsTest {
  private static final String MASTER = "0123456789abcdef0123456789abcdef";

  /** A secret that changes is one that every receiver has to be told anew. */
  @Test
  void theSecretIsTheSameForEver() {
    assertThat(of(MASTER).secretFor("default", "default"))
        .isEqualTo("whsec_3AgXvbI+HD3hEjvwGMYQ93Jm4syInJMoOXWexdSGZNI=");
  }

  @Test
  void whatIsShownIsWhatSigns() {
    WebhookSecrets secrets = of(MASTER);
    String shown = secrets.secretFor("tenant", "default");

    assertThat(shown).startsWith("whsec_");
    assertThat(Base64.getDecoder().decode(shown.substring("whsec_".length())))
        .isEqualTo(secrets.keyFor("tenant", "default"))
        .hasSize(32);
  }

  @Test
  void everyTenantAndEndpointHasItsOwn() {
    WebhookSecrets secrets = of(MASTER);

    assertThat(
            new String[] {
              secrets.secretFor("a", "default"),
              secrets.secretFor("b", "default"),
              secrets.secretFor("a", "other"),
              secrets.secretFor("ab", "c"),
              secrets.secretFor("a", "bc"),
              secrets.secretFor("", "abc"),
              secrets.secretFor("abc", ""),
              of(MASTER + "0").secretFor("a", "default"),
            })
        .doesNotHaveDuplicates();
  }

  private static WebhookSecrets of(String master) {
    return new WebhookSecrets(new MasterSecret(master));
  }
}
