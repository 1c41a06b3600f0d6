package dev.latentline.gateway.rest;

import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

final class Connections {
  private Connections() {}

  /**
   * Closes a connection, whatever is still to be written to it. Vert.x waits until the client has
   * taken all that is written: for ever, here. So its handler, which is not the first, is passed
   * by.
   */
  static void closeAtOnce(HttpConnection client) {
    ((ConnectionBase) client).channel().pipeline().firstContext().close();
  }
}
