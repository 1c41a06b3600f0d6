package dev.latentline.gateway.access;

import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.RequestScoped;

/** Who sent the request at hand. */
@RequestScoped
public class Caller {
  /** The only tenant where no keys are configured. */
  public static final String DEFAULT_TENANT = "default";

  static final String TENANT = "latentline.tenant";

  private final RoutingContext context;

  Caller(RoutingContext context) {
    this.context = context;
  }

  /**
   * @throws IllegalStateException when nobody asked who it is: no resource is served without
   */
  public String tenant() {
    String tenant = context.get(TENANT);
    if (tenant == null) {
      throw new IllegalStateException("a request came past the access filter");
    }
    return tenant;
  }
}
