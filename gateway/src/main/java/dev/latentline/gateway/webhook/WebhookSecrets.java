package dev.latentline.gateway.webhook;

import dev.latentline.gateway.secret.MasterSecret;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Base64;

/**
 * The secrets that webhooks are signed with: derived from the master secret, never stored. Each
 * tenant's endpoint has its own.
 */
@ApplicationScoped
public class WebhookSecrets {
  /** The endpoint that a bare url in a request signs with. */
  public static final String DEFAULT_ENDPOINT = "default";

  private static final String PREFIX = "whsec_";
  private static final String PURPOSE = "latentline webhook secret";

  /** Counts up when an endpoint's secret is rotated. */
  private static final String FIRST_VERSION = "1";

  private final MasterSecret master;

  WebhookSecrets(MasterSecret master) {
    this.master = master;
  }

  /** As Standard Webhooks shows it: {@code whsec_} and base64. */
  public String secretFor(String tenant, String endpoint) {
    return PREFIX + Base64.getEncoder().encodeToString(keyFor(tenant, endpoint));
  }

  /** The 32 bytes themselves. */
  byte[] keyFor(String tenant, String endpoint) {
    return master.derive(PURPOSE, tenant, endpoint, FIRST_VERSION);
  }
}
