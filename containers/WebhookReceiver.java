import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Base64;

/**
 * Takes webhooks on the loopback and prints each as one line, for containers/check: id, timestamp,
 * signature, body in base64.
 */
public final class WebhookReceiver {
  private WebhookReceiver() {}

  /** The argument is the port. */
  public static void main(String[] args) throws IOException {
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]));
    HttpServer server = HttpServer.create(address, 0);
    server.createContext("/", WebhookReceiver::receive);
    server.start();
  }

  private static void receive(HttpExchange exchange) throws IOException {
    String body = Base64.getEncoder().encodeToString(exchange.getRequestBody().readAllBytes());
    System.out.println(
        String.join(
            "\t",
            exchange.getRequestHeaders().getFirst("webhook-id"),
            exchange.getRequestHeaders().getFirst("webhook-timestamp"),
            exchange.getRequestHeaders().getFirst("webhook-signature"),
            body));
    exchange.sendResponseHeaders(204, -1);
    exchange.close();
  }
}
