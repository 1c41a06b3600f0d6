package dev.latentline.embedded;

/** A program that ends at once, for {@link ClassArchiveIT}. */
final class Greeting {
  private Greeting() {}

  public static void main(String[] args) {
    System.out.println("hello");
  }
}
