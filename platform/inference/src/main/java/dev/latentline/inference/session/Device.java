package dev.latentline.inference.session;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where graphs run: the CPU, or one GPU.
 *
 * @param index which GPU, as CUDA counts them from 0; 0 for the CPU
 */
public record Device(Provider provider, int index) {
  public static final Device CPU = new Device(Provider.CPU, 0);

  private static final String KEY = "latentline.inference.device";
  private static final Pattern CUDA = Pattern.compile("cuda:(\\d{1,3})");

  /** ONNX Runtime's execution provider. */
  public enum Provider {
    CPU("cpu"),
    CUDA("cuda");

    private final String id;

    Provider(String id) {
      this.id = id;
    }

    /** The name in runtime classes. */
    public String id() {
      return id;
    }
  }

  public static Device cuda(int index) {
    return new Device(Provider.CUDA, index);
  }

  /**
   * The one device that a setting names.
   *
   * @throws IllegalArgumentException when it names none or several
   */
  public static Device of(String setting) {
    List<Device> devices = listOf(setting);
    if (devices.size() != 1) {
      throw new IllegalArgumentException(
          KEY + " must be one device here, not " + devices.size() + ": " + setting);
    }
    return devices.get(0);
  }

  /**
   * The devices that a setting names, separated by commas, in its order.
   *
   * @throws IllegalArgumentException when it is anything else, or names a device twice
   */
  public static List<Device> listOf(String setting) {
    List<Device> devices =
        Arrays.stream(setting.split(",", -1)).map(name -> parse(name.strip(), setting)).toList();
    if (devices.stream().distinct().count() != devices.size()) {
      throw new IllegalArgumentException(KEY + " names a device twice: " + setting);
    }
    return devices;
  }

  private static Device parse(String name, String setting) {
    Matcher cuda = CUDA.matcher(name);
    if (cuda.matches()) {
      return cuda(Integer.parseInt(cuda.group(1)));
    }
    if (name.equals(Provider.CPU.id)) {
      return CPU;
    }
    throw new IllegalArgumentException(
        KEY + " must be cpu, or cuda:0, cuda:1, ... for a GPU, not \"" + setting + "\"");
  }

  public boolean isCuda() {
    return provider == Provider.CUDA;
  }

  /** As a setting names it. */
  @Override
  public String toString() {
    return isCuda() ? provider.id + ":" + index : provider.id;
  }
}
