package dev.latentline.gateway.egress;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Which addresses belong to the public Internet, by the special-purpose registries of IANA (RFC
 * 6890) and what else leads inwards: tunnels that carry an IPv4 address. InetAddress's own
 * questions leave out too much (fc00::/7, 100.64.0.0/10) and are not asked.
 */
final class PublicAddresses {
  private static final List<Range> DENIED_V4 =
      ranges(
          "0.0.0.0/8",
          "10.0.0.0/8",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "169.254.0.0/16",
          "172.16.0.0/12",
          "192.0.0.0/24",
          "192.0.2.0/24",
          "192.88.99.0/24",
          "192.168.0.0/16",
          "198.18.0.0/15",
          "198.51.100.0/24",
          "203.0.113.0/24",
          "224.0.0.0/4",
          "240.0.0.0/4");

  /** Outside of it nothing is public: loopback, mapped, NAT64, ULA, link-local, multicast, ... */
  private static final Range GLOBAL_V6 = range("2000::/3");

  private static final List<Range> DENIED_V6 =
      ranges("2001::/32", "2001:db8::/32", "2002::/16", "3fff::/20");

  private static final Range LOOPBACK_V4 = range("127.0.0.0/8");
  private static final Range LOOPBACK_V6 = range("::1/128");

  private PublicAddresses() {}

  /**
   * Whether an address may be called.
   *
   * @param address 4 or 16 bytes in network order
   */
  static boolean contains(byte[] address) {
    if (address.length == 4) {
      return DENIED_V4.stream().noneMatch(range -> range.contains(address));
    }
    return GLOBAL_V6.contains(address)
        && DENIED_V6.stream().noneMatch(range -> range.contains(address))
        && !isIsatap(address);
  }

  static boolean isLoopback(byte[] address) {
    return LOOPBACK_V4.contains(address) || LOOPBACK_V6.contains(address);
  }

  /**
   * RFC 5214, section 6.1: the interface identifier 0000:5efe or 0200:5efe, then an IPv4 address.
   */
  private static boolean isIsatap(byte[] address) {
    return (address[8] == 0 || address[8] == 2)
        && address[9] == 0
        && address[10] == 0x5e
        && address[11] == (byte) 0xfe;
  }

  private static List<Range> ranges(String... cidrs) {
    return List.of(cidrs).stream().map(PublicAddresses::range).toList();
  }

  private static Range range(String cidr) {
    int slash = cidr.indexOf('/');
    try {
      return new Range(
          InetAddress.getByName(cidr.substring(0, slash)).getAddress(),
          Integer.parseInt(cidr.substring(slash + 1)));
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(cidr, e);
    }
  }

  private record Range(byte[] network, int bits) {
    boolean contains(byte[] address) {
      if (address.length != network.length) {
        return false;
      }
      int whole = bits / 8;
      for (int i = 0; i < whole; i++) {
        if (address[i] != network[i]) {
          return false;
        }
      }
      int rest = bits % 8;
      return rest == 0 || ((address[whole] ^ network[whole]) & 0xff) >> (8 - rest) == 0;
    }
  }
}
