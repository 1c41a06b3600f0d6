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

  /** The same outside of a resource: who sent the request that the context is of. */
  public static String tenant(RoutingContext context) {
    String tenant = context.get(TENANT);
    if (tenant == null) {
      throw new IllegalStateException("a request came past the access filter");
    }
    return tenant;
  }

  /**
   * @throws IllegalStateException when nobody asked who it is: no resource is served without
   */
  public String tenant() {
    return tenant(context);
  }
}
