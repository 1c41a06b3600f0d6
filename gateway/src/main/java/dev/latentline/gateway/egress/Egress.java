package dev.latentline.gateway.egress;

import java.net.URI;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** Sends one request to an address that came from outside. Thread-safe. */
public interface Egress {
  /**
   * One POST, checked and resolved anew, to the address that was checked: no redirect is followed,
   * the connection is not used again. 5 s to connect, 15 s in all.
   *
   * @param headers beside Host, User-Agent and Content-Length, which are set here
   * @return never completes exceptionally: what went wrong is in the result
   */
  CompletionStage<EgressResult> post(URI url, Map<String, String> headers, byte[] body);
}
