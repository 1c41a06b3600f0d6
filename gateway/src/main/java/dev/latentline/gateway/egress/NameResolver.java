package dev.latentline.gateway.egress;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** The addresses of a name. */
interface NameResolver {
  /** The system's resolver: A and AAAA, as often as it has them. */
  NameResolver SYSTEM = name -> List.of(InetAddress.getAllByName(name));

  /**
   * Blocks.
   *
   * @throws UnknownHostException when it has none
   */
  List<InetAddress> resolve(String name) throws UnknownHostException;
}
