package dev.latentline.gateway;

import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.expand.Styles;
import dev.latentline.gateway.expand.Wildcards;
import dev.latentline.gateway.secret.MasterSecret;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.kit.topics.PoolNames;
import dev.latentline.kit.topics.StartGate;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;

/** What the gateway's parts share. */
@Dependent
class GatewaySetup {
  /** Read at the start: a catalogue that is wrong stops it. */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  Catalogue catalogue(GatewaySettings settings) {
    return Catalogue.open(settings.models());
  }

  /** One that is missing stops the start. */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  MasterSecret masterSecret(GatewaySettings settings) {
    return new MasterSecret(settings.masterSecret().orElse(""));
  }

  /** Read at the start: what is wrong with one stops it. */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  Presets presets(GatewaySettings settings) {
    return new Presets(
        settings.wildcards().map(WildcardFolder::read).orElse(Wildcards.NONE),
        settings.styles().map(StylesFile::read).orElse(Styles.NONE));
  }

  @Produces
  @Singleton
  PoolNames pools(Catalogue catalogue) {
    return () -> catalogue.pools().keySet();
  }

  @Produces
  @Singleton
  Clock clock() {
    return Clock.systemUTC();
  }
}
