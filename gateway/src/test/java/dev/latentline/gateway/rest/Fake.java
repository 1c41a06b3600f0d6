package dev.latentline.gateway.rest;

import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.function.Supplier;

/** The few methods of a large interface that a test needs. */
final class Fake {
  private Fake() {}

  /**
   * @param answers by the name of the method; another one that is called is an error
   */
  static <T> T of(Class<T> type, Map<String, Supplier<Object>> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> answers.get(method.getName()).get()));
  }
}
